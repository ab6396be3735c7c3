"""What the files for operators promise: parsed, compared with the program, and run as far as this machine can."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from aggregator.cli.manual import manual
from aggregator.web.access import MAX_UNDER_WAY
from aggregator.web.server import MAX_CONNECTIONS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def compose() -> dict[str, Any]:
    services: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]
    return services


def instructions(file: Path) -> list[tuple[str, str]]:
    """(instruction, arguments) of a Dockerfile, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in text.splitlines() if line.strip()]


def unit() -> dict[str, list[str]]:
    """Every setting of the unit; some stand there twice."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (DEPLOY / "aggregator.service").read_text("utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("file", [ROOT / "Dockerfile", DEPLOY / "datasette.Dockerfile"], ids=lambda file: file.name)
def test_images_run_as_nobody_in_particular(file: Path) -> None:
    """Not root, nothing compiled, a command in the form that gets signals itself."""
    steps = instructions(file)
    assert [value for name, value in steps if name == "USER"][-1] == "10001:10001"
    assert any("--only-binary :all:" in value for name, value in steps if name == "RUN")
    assert all(value.startswith("[") for name, value in steps if name in ("ENTRYPOINT", "CMD"))
    assert not any(name == "ADD" or "curl" in value for name, value in steps)


@contextmanager
def health_at_a_free_port() -> Iterator[int]:
    """A server on loopback that is well; its port."""

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not a word."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_image_keeps_its_promises() -> None:
    """A data volume, a health check at the port that it serves (whatever it is set to), and only files that exist."""
    steps = instructions(ROOT / "Dockerfile")
    named = dict(steps)
    assert named["VOLUME"] == "/data"
    assert f"AGGREGATOR_PORT={named['EXPOSE']}" in named["ENV"]
    code = json.loads(named["HEALTHCHECK"].partition("CMD ")[2])[-1]
    with health_at_a_free_port() as port:
        for wanted, code_wanted in ((port, 0), (port + 1, 1)):
            environment = {**os.environ, "AGGREGATOR_PORT": str(wanted)}
            ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
            assert ended.returncode == code_wanted
    copied = [value.split()[:-1] for name, value in steps if name == "COPY" and "--from" not in value]
    allowed = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    for source in (one for line in copied for one in line):
        assert (ROOT / source).exists()
        assert source in allowed, f"{source} is not sent to the builder"


@pytest.mark.parametrize("name", ["aggregator", "datasette"])
def test_services_are_closed(name: str) -> None:
    """A root file system that cannot be written, no privilege, bounds, and no port for the whole network."""
    service = compose()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_volume_is_nobody_elses() -> None:
    """Compose would call the project, and so its volume, `deploy`, as those of other projects with such a folder."""
    assert YAML(typ="safe").load(DEPLOY / "compose.yaml")["name"] == "security-feed-aggregator"


def test_datasette_only_reads() -> None:
    """The data and its metadata are mounted read-only, and are where its command looks for them."""
    service = compose()["datasette"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    command = " ".join(
        value for name, value in instructions(DEPLOY / "datasette.Dockerfile") if name in ("ENTRYPOINT", "CMD")
    )
    assert "/data/aggregator.db" in command
    assert "/config/datasette.yaml" in command
    assert any(volume.startswith("./datasette.yaml:/config/datasette.yaml") for volume in service["volumes"])


def test_the_unit_knows_the_program() -> None:
    """Notifying, watched, reloading by the signal that we know, and not restarted for what a restart cannot help."""
    settings = {name: values[-1] for name, values in unit().items()}
    assert settings["Type"] == "notify"
    assert settings["WatchdogSec"]
    checked, told = unit()["ExecReload"]  # a mistake fails `systemctl reload`, and the daemon is left alone
    assert checked == settings["ExecStart"].partition(" --data")[0] + " check"
    assert told == "/bin/kill -HUP $MAINPID"
    assert settings["RestartPreventExitStatus"] == "2 3"
    assert settings["User"] != "root"
    assert settings["NoNewPrivileges"] == settings["PrivateTmp"] == "yes"
    assert settings["ProtectSystem"] == "strict"
    command = settings["ExecStart"].split()
    assert f"## `{command[-1]}`" in manual()
    assert f"/var/lib/{settings['StateDirectory']}" in command
    # The workers bound their own memory, which setrlimit does; it is among @resources.
    assert not any("@resources" in value for value in unit()["SystemCallFilter"])


def test_the_service_may_have_as_many_files_open_as_the_server_takes() -> None:
    """Each connection is one, each download under way two more; the rest is for databases and workers."""
    assert int(unit()["LimitNOFILE"][-1]) > 2 * (MAX_CONNECTIONS + 2 * MAX_UNDER_WAY)


def test_the_services_user_finds_byte_code() -> None:
    """It may not write beside the sources, and would compile them at each start: `make install` has done so."""
    steps = subprocess.run(["make", "-n", "install"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert "compileall -q aggregator" in steps.stdout


def test_roots_command_is_the_services() -> None:
    """The same user, program, paths and secrets as in the unit, so that `aggregator status` sees what the daemon sees."""
    script, settings = (
        (DEPLOY / "aggregator.sh").read_text("utf-8"),
        {name: values[-1] for name, values in unit().items()},
    )
    program, _, config, _, data, _ = settings["ExecStart"].split()
    for part in (
        f"--uid={settings['User']} --gid={settings['Group']}",
        f"EnvironmentFile={settings['EnvironmentFile']} ",
        f"UMask={settings['UMask']} ",
        f"AGGREGATOR_CONFIG={config} ",
        f"AGGREGATOR_DATA={data} ",
        f'{program} "$@"\n',
    ):
        assert part in script
    assert subprocess.run(["sh", "-n", str(DEPLOY / "aggregator.sh")], check=False, timeout=10).returncode == 0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze (Debian: systemd)")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    """No unknown key, no value that it does not understand; little exposure."""
    text = (
        (DEPLOY / "aggregator.service").read_text("utf-8").replace("/opt/aggregator/.venv/bin/aggregator", "/bin/true")
    )
    file = tmp_path / "aggregator.service"
    file.write_text(text)
    verified = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=60)  # noqa: PLW1510
    about_it = [line for line in verified.stderr.splitlines() if "aggregator" in line]
    assert about_it == []
    rated = subprocess.run(  # noqa: PLW1510
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert rated.returncode == 0, rated.stdout[-500:]


@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx (Debian: nginx)")
def test_nginx_reads_its_site(tmp_path: Path) -> None:
    """`nginx -t` accepts it, with a certificate of the tests in the place of one's own."""
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    pem = ROOT / "tests" / "fetch" / "tls" / "good.pem"
    site = re.sub(r"/etc/letsencrypt/\S+\.pem", str(pem), site)
    (tmp_path / "site.conf").write_text(site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    tested = subprocess.run(  # noqa: PLW1510
        ["nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert tested.returncode == 0, tested.stderr


def test_the_page_names_what_is_there() -> None:
    """Every file and setting that the pages for operators tell people to use exists."""
    page = "".join((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("install", "operating"))
    assert "deploy/aggregator.service" in page
    for name in re.findall(r"deploy/[\w.]+\w", page):
        assert (ROOT / name).exists(), name
    reference = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    for setting in ("keep", "keep_entries", "backups", "backup_every", "hour"):
        assert setting in page
        assert f"`{setting}`" in reference or f".{setting}`" in reference
