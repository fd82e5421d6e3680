"""What all tests share: small sets of radiographs in the layout of NIH ChestX-ray14, made-up and real."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a test may import TensorFlow: examples have no deadline.
settings.register_profile("xraykit", deadline=None)
settings.load_profile("xraykit")

# Under nohup SIGHUP is ignored, and so it would be by the commands that tests start; a handler is not inherited.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)

NIH = Path(__file__).resolve().parents[2] / "shared" / "nih"

needs_nih = pytest.mark.skipif(
    not (NIH / "Data_Entry_2017_v2020.csv").is_file(),
    reason=f"the real NIH radiographs are not at {NIH}; the same is tested on phantoms",
)

# Runs a test on phantoms, and on the real radiographs where they are.
on_phantoms_and_radiographs = pytest.mark.parametrize(
    "small_nih", ["phantoms", pytest.param("radiographs", marks=needs_nih)], indirect=True
)


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory):
    """A folder in NIH's layout with 139 phantoms of 64 pixels."""
    from xraykit.phantoms import write_phantoms
    from xraykit.phantoms.settings import Phantom

    root = tmp_path_factory.mktemp("phantoms") / "set"
    write_phantoms(root, Phantom(patients=100, images=139, size=64, prevalence=0.1, seed=7))
    return root


@pytest.fixture(scope="session")
def radiographs(tmp_path_factory):
    """The same with a part of the real data: 139 of the 64-pixel radiographs, and the rows of their files."""
    root = tmp_path_factory.mktemp("nih")
    (root / "images").mkdir()
    chosen = sorted(path.name for path in (NIH / "images-64").iterdir())[::6]
    for name in chosen:
        (root / "images" / name).symlink_to(NIH / "images-64" / name)
    header, *rows = (NIH / "Data_Entry_2017_v2020.csv").read_text().splitlines()
    kept = [row for row in rows if row.split(",")[0] in set(chosen)]
    (root / "Data_Entry_2017_v2020.csv").write_text("\n".join([header, *kept, *rows[-20:]]) + "\n")
    for name in ("train_val_list.txt", "test_list.txt"):
        listed = set((NIH / name).read_text().split())
        (root / name).write_text("\n".join(image for image in chosen if image in listed))
    return root


@pytest.fixture(scope="session")
def small_nih(request):
    """139 radiographs of 64 pixels in NIH's layout: phantoms, unless a test asks for the real ones."""
    return request.getfixturevalue(getattr(request, "param", "phantoms"))
