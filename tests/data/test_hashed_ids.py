"""Hashes in the place of patients' ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import line, nih_root
from xraykit.config import load_experiment
from xraykit.data.hashed_ids import hashed_ids, names_with_ids, new_salt
from xraykit.data.parts import load_parts
from xraykit.errors import PatientOverlapError


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1), unique=True))
def test_hashes_are_equal_for_equal_ids_alone_and_others_with_another_salt(ids):
    one, other = new_salt(), new_salt()
    hashes = hashed_ids(ids, one)
    assert hashes == hashed_ids(ids, one)
    assert len(set(hashes)) == len(ids)
    assert not set(hashes) & set(hashed_ids(ids, other))
    assert all(len(each) == 17 and each.startswith("p") for each in hashes)


def test_names_that_contain_the_id_are_counted():
    assert names_with_ids(["007_000.png", "a.png"], ["007", "8"]) == 1


def test_the_message_of_a_patient_in_two_parts_names_nobody(tmp_path):
    lines = [line(f"{n}.png", "Mass" if n % 2 else "No Finding", patient=str(5551000 + n // 2)) for n in range(12)]
    root = nih_root(tmp_path / "nih", lines)
    (root / "train_val_list.txt").write_text("\n".join(f"{n}.png" for n in range(7)))
    (root / "test_list.txt").write_text("\n".join(f"{n}.png" for n in range(7, 12)))
    for policy, named in (("keep", True), ("hash", False)):
        data = {"root": str(root), "labels": ["Mass"], "patient_ids": policy}
        with pytest.raises(PatientOverlapError) as error:
            load_parts(load_experiment({"data": data}).data, 7, sealed_test=True)
        assert ("5551003" in str(error.value)) == named
