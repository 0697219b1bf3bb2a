"""The files of deploy/: as far as they can be checked without building an image or starting a unit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from knowledge.settings import read_environment

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
# The variables that the files hand over, each of which the program reads.
SECRETS = {
    "REFDESK_DATABASE_PASSWORD": "database_password",
    "REFDESK_REDIS_PASSWORD": "redis_password",
    "REFDESK_WEBHOOK_SECRET": "webhook_secret",
    "REFDESK_SMTP_PASSWORD": "smtp_password",
    "REFDESK_OIDC_CLIENT_SECRET": "oidc_client_secret",
    "OPENAI_API_KEY": "openai_api_key",
}


def test_compose_keeps_everything_but_the_service_to_itself() -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"refdesk", "postgres", "redis"}
    assert services["refdesk"]["ports"] == ["127.0.0.1:8080:8080"]
    assert [name for name, service in services.items() if "ports" in service] == ["refdesk"]
    assert services["refdesk"]["read_only"] is True
    assert set(services["refdesk"]["depends_on"]) == {"postgres", "redis"}
    assert all("healthcheck" in services[name] for name in ("postgres", "redis"))


def test_every_secret_comes_from_the_environment_and_is_read() -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    handed: dict[str, str] = services["refdesk"]["environment"]
    assert set(handed) == set(SECRETS)
    assert all(value.startswith(f"${{{name}:") for name, value in handed.items())
    environment = read_environment({name: f"value of {name}" for name in SECRETS})
    assert all(getattr(environment, field) == f"value of {name}" for name, field in SECRETS.items())
    example = (DEPLOY / "env.example").read_text("utf-8")
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == {*SECRETS, "TORCH_INDEX"}


def test_the_image_holds_the_packages_and_runs_as_nobody_in_particular() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and len(line.split()) == 3}
    assert {"knowledge", "ingest", "agents", "eval", "serve"} <= copied
    assert all((ROOT / name).exists() for name in copied if not name.startswith("--"))
    last = lines[[number for number, line in enumerate(lines) if line.startswith("FROM ")][-1] :]
    assert "USER refdesk" in last
    assert any(line.startswith("HEALTHCHECK ") for line in last)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    wanted = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert {name for name in wanted if not name.startswith(("--", "/"))} <= {line.removeprefix("!") for line in ignored}


def test_hidden_files_and_databases_of_a_working_copy_stay_out_of_the_image() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    # The last pattern that matches decides.
    assert ignored[-3:] == ["**/__pycache__", "**/.*", "**/*.sqlite*"]


def test_an_index_that_offers_torch_alone_is_enough(tmp_path: Path) -> None:
    """What PyTorch's own indexes hold beside it is older than what is pinned."""
    pinned = next(
        line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line.startswith("torch==")
    )
    version = f"{pinned.partition('==')[2]}+cpu"
    (tmp_path / "torch").mkdir()
    with ZipFile(tmp_path / "torch" / f"torch-{version}-py3-none-any.whl", "w") as wheel:
        told = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\nRequires-Dist: filelock\n"
        wheel.writestr(f"torch-{version}.dist-info/METADATA", told)
        wheel.writestr(f"torch-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    file = f"torch-{version}-py3-none-any.whl".replace("+", "%2B")
    (tmp_path / "torch" / "index.html").write_text(f'<a href="{file}">{file}</a>', "utf-8")
    step = re.search(r"^RUN (.*) torch$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert step is not None
    command = step[1].replace("/opt/refdesk/bin/python", sys.executable) + " --dry-run --ignore-installed torch"
    environment = {"PATH": os.defpath, "TORCH_INDEX": tmp_path.as_uri(), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert f"Would install torch-{version}" in done.stdout, done.stderr


def test_the_first_key_is_made_once_settings_name_the_database_and_before_the_service_starts() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    steps = re.findall(r"^docker compose -f deploy/compose.yaml (?:run --rm (?:--no-deps )?refdesk )?(\w+)", page, re.M)
    assert steps[:4] == ["init", "ingest", "keys", "up"]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    unit = (DEPLOY / "refdesk.service").read_text("utf-8")
    assert "/opt/refdesk/bin/refdesk serve" in unit
    (tmp_path / "refdesk.service").write_text(unit.replace("/opt/refdesk/bin/refdesk", sys.executable), "utf-8")
    done = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / "refdesk.service")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
