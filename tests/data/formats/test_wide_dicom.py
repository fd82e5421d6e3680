"""Boxes in pixels of DICOM files that are not square, from the label file to the score of a heat map."""

import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.data import load_boxes, open_radiograph, read_catalog
from xraykit.evaluation.localisation.heat_maps import heat_map_scores
from xraykit.phantoms import draw_patient, draw_visits
from xraykit.phantoms.dicom import encode_dicom

ROWS, COLUMNS = 60, 200
LEFT, UPPER, RIGHT, LOWER = 40, 12, 120, 36


@pytest.fixture
def wide(tmp_path):
    """Writes a DICOM file that is bright in the box alone."""
    pixels = np.zeros((ROWS, COLUMNS), np.uint8)
    pixels[UPPER:LOWER, LEFT:RIGHT] = 255
    visit, *_ = draw_visits(draw_patient(1, 7), 1, 0.5)

    def written(name):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encode_dicom(pixels, visit, bits=12))
        return tmp_path

    return written


def _vindr(wide):
    root = wide("train/a.dicom")
    (root / "image_labels_train.csv").write_text("image_id,rad_id,Nodule/Mass\na,R1,1\n")
    box = f"a,R1,Nodule/Mass,{LEFT},{UPPER},{RIGHT},{LOWER}"
    (root / "annotations_train.csv").write_text(f"image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n{box}\n")
    return {"format": "vindr", "root": str(root), "labels": ["Nodule/Mass"]}


def _rsna(wide):
    root = wide("stage_2_train_images/a.dcm")
    box = f"a,{LEFT},{UPPER},{RIGHT - LEFT},{LOWER - UPPER},1"
    (root / "stage_2_train_labels.csv").write_text(f"patientId,x,y,width,height,Target\n{box}\n")
    return {"format": "rsna", "root": str(root), "labels": ["Lung Opacity"]}


@pytest.mark.parametrize("collection", [_vindr, _rsna])
def test_a_map_that_is_hot_in_the_box_scores_as_such(wide, collection):
    data = load_experiment({"data": collection(wide)}).data
    ((edges,),) = load_boxes(data).of.values()
    expected = (LEFT / COLUMNS, UPPER / ROWS, (RIGHT - LEFT) / COLUMNS, (LOWER - UPPER) / ROWS)
    assert edges == pytest.approx(expected)
    heat = open_radiograph(read_catalog(data).table["path"][0], 96).picture / 255
    scores = heat_map_scores(heat, [edges])
    assert scores.pointing == 1
    assert min(scores.iou, scores.overlaps[0]) > 0.95
