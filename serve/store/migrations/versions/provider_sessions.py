"""Say within which session of the provider somebody signed in, and which of its tokens have ended some."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "provider_sessions"
down_revision = "sessions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those that are there nobody knows."""
    op.add_column("sessions", sa.Column("provider_session", sa.String(length=64), server_default="", nullable=False))
    op.create_table(
        "logout_tokens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_logout_tokens"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("logout_tokens")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("provider_session")
