"""The names of the files of a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """Where the files of one run are.

    Attributes:
        path: ``ROOT/NAME/TIMESTAMP``.
    """

    path: Path

    @property
    def experiment(self) -> Path:
        """The resolved experiment."""
        return self.path / "experiment.yaml"

    @property
    def metrics(self) -> Path:
        """The metrics of the test part."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """Probabilities of each radiograph of the validation and test parts."""
        return self.path / "predictions.csv"

    @property
    def validation(self) -> Path:
        """Of a member of an ensemble whose test part is still sealed: predictions of its validation part."""
        return self.path / "validation.csv"

    @property
    def history(self) -> Path:
        """One row per epoch."""
        return self.path / "history.csv"

    @property
    def checkpoints(self) -> Path:
        """Training in progress."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """The plots."""
        return self.path / "figures"

    @property
    def tables(self) -> Path:
        """The tables of the report as CSV and LaTeX."""
        return self.path / "tables"

    @property
    def methods(self) -> Path:
        """A paragraph for the methods of a paper, from the facts of the run."""
        return self.path / "methods.md"

    @property
    def checklist(self) -> Path:
        """The items of TRIPOD+AI and CLAIM, filled in as far as the run knows."""
        return self.path / "checklist.md"

    @property
    def checklist_table(self) -> Path:
        """The checklist as a table."""
        return self.path / "checklist.csv"

    @property
    def gradcam(self) -> Path:
        """Heat maps over radiographs."""
        return self.path / "gradcam"

    @property
    def search(self) -> Path:
        """Results of the search."""
        return self.path / "search"

    @property
    def best_experiment(self) -> Path:
        """The experiment with the values of the winner."""
        return self.search / "best.yaml"

    @property
    def members(self) -> Path:
        """Of an ensemble: the runs of its networks, a folder each."""
        return self.path / "members"

    @property
    def bundle(self) -> Path:
        """The bundle (:class:`xraykit.bundle.BundleFolder`); it can be passed on as it is."""
        return self.path / "model"

    @property
    def data(self) -> Path:
        """Counts of each part, and what was left out."""
        return self.path / "data.json"

    @property
    def split(self) -> Path:
        """Every radiograph with its patient and part, those of the training part too."""
        return self.path / "split.csv"

    @property
    def environment(self) -> Path:
        """What the run was computed with, its commands, start and duration."""
        return self.path / "environment.json"

    @property
    def log(self) -> Path:
        """What was logged, with dates."""
        return self.path / "log.txt"

    @property
    def reproduction(self) -> Path:
        """Of a run of another run's experiment file: whether it reached the same."""
        return self.path / "reproduction.json"

    @property
    def patient_salt(self) -> Path:
        """The salt of the patients' hashes (``data.patient_ids: hash``); without it nobody can find an id by trying."""
        return self.path / "patient_salt.txt"

    @property
    def left_out(self) -> Path:
        """The radiographs that were left out as their files cannot be read, if there are any; with their names."""
        return self.path / "left_out.csv"

    @property
    def gallery(self) -> Path:
        """The table of the heat maps in :attr:`gradcam`."""
        return self.gradcam / "gallery.csv"

    @property
    def report(self) -> Path:
        """The report, in one page."""
        return self.path / "report.html"

    @property
    def worklist(self) -> Path:
        """The radiographs where model and label disagree most confidently."""
        return self.path / "worklist.csv"

    @property
    def worklist_page(self) -> Path:
        """The worklist with the radiographs."""
        return self.path / "worklist.html"

    @property
    def record(self) -> Path:
        """What a stopped run needs to continue: identity, tracking run, versions."""
        return self.path / "run.json"

    @property
    def evaluations(self) -> Path:
        """The external validations, a folder each."""
        return self.path / "evaluations"

    @property
    def recalibration(self) -> Path:
        """What was fitted again, and how well it holds; in the folder of a recalibration."""
        return self.path / "recalibration.json"

    @property
    def trials(self) -> Path:
        """The table of the trials of a search."""
        return self.search / "trials.csv"
