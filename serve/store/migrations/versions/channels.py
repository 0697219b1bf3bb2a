"""Say by which way a conversation came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "channels"
down_revision = "first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are there were held here."""
    op.add_column("conversations", sa.Column("channel", sa.String(length=20), server_default="chat", nullable=False))
    op.create_index("ix_conversations_channel_updated", "conversations", ["channel", "updated"])


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_conversations_channel_updated", "conversations")
    with op.batch_alter_table("conversations") as table:
        table.drop_column("channel")
