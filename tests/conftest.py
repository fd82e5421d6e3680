"""What all tests share: the real radiographs, where they are."""

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
    reason=f"the real NIH radiographs are not at {NIH}",
)


@pytest.fixture(scope="session")
def small_nih(tmp_path_factory):
    """A part of the real data: 139 of the 64-pixel radiographs, and the rows of their label file and lists."""
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
