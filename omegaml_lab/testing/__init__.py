"""Contract suites for packages that add kinds: the same ones that ours pass.

Needs pytest. In a ``conftest.py`` import the fixtures, in a test module subclass the suite::

    from omegaml_lab.testing.fixtures import config, mongo_server_url, mongo_url, omega

    class TestMyKind(BackendContract):
        kind = "my.kind"
        ...
"""
