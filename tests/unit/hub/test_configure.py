"""What JupyterHub is told."""

from __future__ import annotations

from traitlets.config import Config as TraitConfig

from omegaml_lab.hub.configure import HubSettings, configure, server_environment, site_files


def test_server_is_told_its_repository_and_no_broker() -> None:
    told = server_environment("mongodb://owner:x@h/omega_ann", "ann", "k3y")
    assert told == {
        "OMEGA_MONGO_URL": "mongodb://owner:x@h/omega_ann",
        "OMEGA_USER": "ann",
        "OMEGA_SIGNING_KEY": "k3y",
    }


def test_site_files_in_order_of_names(tmp_path) -> None:
    for name in ["20-b.py", "10-a.py", "_not.py", "README.md"]:
        (tmp_path / name).touch()
    assert [path.name for path in site_files(tmp_path)] == ["10-a.py", "20-b.py"]


def test_nobody_may_sign_in_by_default(tmp_path) -> None:
    c = TraitConfig()
    configure(c, HubSettings(admin_url="mongodb://h", key=b"k"), state=tmp_path / "hub")
    assert "Authenticator" not in c
    assert str(tmp_path) in c.JupyterHub.db_url
    assert (tmp_path / "hub").stat().st_mode & 0o077 == 0


def test_settings_print_no_secret() -> None:
    settings = HubSettings(admin_url="mongodb://root:s3cret@h", key=b"k3y")
    assert "s3cret" not in repr(settings)
    assert "k3y" not in repr(settings)


def test_settings_from_the_environment(tmp_path) -> None:
    environ = {"OMEGA_HOME": str(tmp_path), "OMEGA_MONGO_URL": "mongodb://root@h/admin"}
    settings = HubSettings.load(environ)
    assert settings.admin_url == "mongodb://root@h/admin"
    assert settings.key == (tmp_path / "hub" / "key").read_bytes()
