"""Shipped files are found in a checkout and in an installed package alike."""

from pathlib import Path

import pytest

from app.resources import resource_path


def test_in_a_checkout_static_lies_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "page.css").write_text("")
    assert resource_path("static", "page.css", package=package) == tmp_path / "static" / "page.css"


def test_in_a_wheel_static_lies_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "convscope"
    (package / "static").mkdir(parents=True)
    assert resource_path("static", package=package) == package / "static"


def test_the_package_comes_before_a_folder_of_the_same_name_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "convscope"
    (package / "templates").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    assert resource_path("templates", package=package) == package / "templates"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"weights/none\.safetensors is not part"):
        resource_path("weights", "none.safetensors", package=tmp_path / "app")


def test_the_sample_photos_of_this_checkout_are_found() -> None:
    assert resource_path("samples").is_dir()
