"""`matinales backup` and `matinales restore`."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.store.file import StoreFile
from hub.store.sqlite import SqliteHistory
from servers.stores import readings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with readings."""
    with closing(StoreFile(tmp_path / "data" / "store.db")) as file:
        SqliteHistory(file).write(readings(range(5)))
    return tmp_path / "data"


def test_one_file_and_the_folder_again(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both say in one line what was done, and what is not in it."""
    file, copy = tmp_path / "a.zip", tmp_path / "copy"
    assert main(["backup", str(file), "--data", str(data)]) == 0
    assert "Without PIN, passwords and certificates" in capsys.readouterr().out
    assert main(["restore", str(file), "--data", str(copy)]) == 0
    assert "PIN, passwords and certificates are made anew" in capsys.readouterr().out
    assert main(["restore", str(file), "--data", str(copy)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["restore", str(file), "--data", str(copy), "--force", "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["aside"]).parent == copy


def test_the_settings_go_in_without_their_secrets(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a hub.toml that the restored hub can be started with; a secret is only named."""
    for name, value in (
        *(("STORE", "influx"), ("INFLUX_URL", "http://127.0.0.1:1"), ("INFLUX_TOKEN", "t0ken"), ("INFLUX_ORG", "o")),
        *(("INFLUX_BUCKET", "b"), ("BROKER_URL", "mqtt://u:passw0rd@h:1"), ("TZ", "Indian/Reunion")),
        ("PAYLOAD_FORMATS", "*=cayenne-lpp"),
    ):
        monkeypatch.setenv(f"HUB_{name}", value)
    file, copy = tmp_path / "a.zip", tmp_path / "copy"
    assert main(["backup", str(file), "--data", str(data), "--json"]) == 0
    assert main(["restore", str(file), "--data", str(copy)]) == 0
    text = (copy / "hub.toml").read_text(encoding="utf-8")
    assert "# influx_token is to be set anew" in text
    assert not {"t0ken", "passw0rd"} & {word for word in ("t0ken", "passw0rd") if word in text}
    assert b"t0ken" not in file.read_bytes()
    for name in ("BROKER_URL", "TZ", "PAYLOAD_FORMATS"):
        monkeypatch.delenv(f"HUB_{name}")
    assert main(["backup", str(tmp_path / "b.zip"), "--data", str(data), "--config", str(copy / "hub.toml")]) == 0
    assert main(["restore", str(tmp_path / "b.zip"), "--data", str(tmp_path / "copy2")]) == 0
    assert (tmp_path / "copy2" / "hub.toml").read_text(encoding="utf-8").splitlines()[1:] == [
        line for line in text.splitlines()[1:] if not line.startswith("# broker_url")
    ]
    assert "influx backup" in capsys.readouterr().out
