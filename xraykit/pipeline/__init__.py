"""From an experiment to a finished run: search, train, calibrate, evaluate, explain, pack and report.

The module ``run`` contains the chain of these steps; each step is one call. Importing this package is cheap.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.pipeline.calibration import cross_fitting as cross_fitting
    from xraykit.pipeline.calibration import fit_decision_rule as fit_decision_rule
    from xraykit.pipeline.data import odd_training_pictures as odd_training_pictures
    from xraykit.pipeline.data import record_contents as record_contents
    from xraykit.pipeline.data import unseal as unseal
    from xraykit.pipeline.data import with_patient_ids as with_patient_ids
    from xraykit.pipeline.evaluation import metrics_of_part as metrics_of_part
    from xraykit.pipeline.explanation import draw_examples as draw_examples
    from xraykit.pipeline.network import evaluate_trained as evaluate_trained
    from xraykit.pipeline.network import sealed_predictions as sealed_predictions
    from xraykit.pipeline.network import train_and_evaluate as train_and_evaluate
    from xraykit.pipeline.network import train_sealed as train_sealed
    from xraykit.pipeline.packing import training_screen as training_screen
    from xraykit.pipeline.processes import join_others as join_others
    from xraykit.pipeline.processes import take_part as take_part
    from xraykit.pipeline.reporting import track_results as track_results
    from xraykit.pipeline.reporting import write_data_facts as write_data_facts
    from xraykit.pipeline.reporting import write_pages as write_pages
    from xraykit.pipeline.run import Run as Run
    from xraykit.pipeline.run import go_on as go_on
    from xraykit.pipeline.run import load_run as load_run
    from xraykit.pipeline.run import resume as resume
    from xraykit.pipeline.run import run_experiment as run_experiment
    from xraykit.pipeline.start import about_run as about_run
    from xraykit.pipeline.start import begun_run as begun_run
    from xraykit.pipeline.start import open_run_tracker as open_run_tracker
    from xraykit.pipeline.start import record_identity as record_identity
    from xraykit.pipeline.tracked import track_summary as track_summary
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
