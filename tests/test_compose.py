"""The file of containers names what there is: commands, options, one folder for all."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.walk import resolved

ROOT = Path(__file__).parents[1]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())[
    "services"
]
COMMANDS = {"scheduler": "dask_scheduler", "worker": "dask_worker"}


def test_everybody_is_of_one_image_and_sees_one_folder() -> None:
    assert SERVICES.keys() == {"scheduler", "worker", "client"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 3
    for key in ("image", "build", "volumes", "working_dir"):
        assert len({str(service[key]) for service in SERVICES.values()}) == 1
    arguments = SERVICES["client"]["build"]["args"]
    assert all(f"ARG {name}=" in (ROOT / "Dockerfile").read_text() for name in arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_scheduler_and_workers_are_commands_of_dask_with_its_options(name: str) -> None:
    cli = pytest.importorskip(f"distributed.cli.{COMMANDS[name]}", reason="Dask is an extra")
    program, command, *words = SERVICES[name]["entrypoint"]
    assert program in entry_points(group="console_scripts").names
    assert command == name
    context = cli.main.make_context(name, words)  # refuses what it doesn't know
    assert (context.params.get("nthreads"), context.params["dashboard"]) in (
        (None, False),
        (1, False),
    )


def test_workers_and_client_go_to_the_scheduler() -> None:
    command = SERVICES["client"]["command"]
    resolved(command)
    words = SERVICES["scheduler"]["entrypoint"]
    port = words[words.index("--port") + 1]
    address = f"tcp://scheduler:{port}"
    assert address in SERVICES["worker"]["entrypoint"]
    assert f"execution.dask={address}" in command
    assert SERVICES["client"]["depends_on"] == ["worker"]
    assert SERVICES["worker"]["depends_on"] == ["scheduler"]
