"""Where an export is written. Nothing heavy is imported here."""

from pathlib import Path

from xraykit.bundle import BundleFolder
from xraykit.errors import DataError
from xraykit.export.targets import Target


def default_folder(bundle: BundleFolder, target: Target, *, int8: bool = False) -> Path:
    """``RUN/exports/FORMAT`` or ``RUN/exports/FORMAT-int8``; of a bundle without a run, in its own folder."""
    run = bundle.path.parent if bundle.path.name == "model" else bundle.path
    return run / "exports" / (f"{target.name}-int8" if int8 else target.name)


def check_new(path: Path) -> None:
    """Check that nothing is overwritten.

    Raises:
        DataError: the folder exists and is not empty.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path} already exists and is not overwritten. Give another folder with --folder.")
