"""The items of two reporting checklists, in short words of our own; the publications have the full wording.

TRIPOD+AI: Collins GS et al., BMJ 2024;385:e078378. CLAIM: Mongan J, Moy L, Kahn CE, Radiology: Artificial Intelligence
2020;2:e200029; the numbers are those of its update, Tejani AS et al., in the same journal, 2024;6:e240300.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One item of a checklist.

    Attributes:
        number: As in the publication.
        section: Of the paper.
        text: What it asks for.
        topics: Of the methods (:class:`.Topic`) that answer it, as far as a run can; empty: the authors alone know.
        found: Where in the run folder more is.
        rest: What the run cannot answer of it, if it answers a part.
    """

    number: str
    section: str
    text: str
    topics: tuple[str, ...] = ()
    found: str = ""
    rest: str = ""


@dataclass(frozen=True)
class Checklist:
    """A checklist with its source."""

    name: str
    source: str
    items: tuple[Item, ...]


_PARTS = "tables/parts.csv, tables/prevalence.csv"
_RESULTS = "tables/findings.csv, tables/operating_points.csv"

TRIPOD_AI = Checklist(
    "TRIPOD+AI",
    "Collins GS et al. TRIPOD+AI statement. BMJ 2024;385:e078378. https://doi.org/10.1136/bmj-2023-078378",
    (
        Item("1", "Title", "Name the study as the development or evaluation of a prediction model, with population and "
             "outcome"),
        Item("2", "Abstract", "Structured abstract (TRIPOD+AI for Abstracts)"),
        Item("3a", "Introduction", "Health care context, reason for the model, existing models"),
        Item("3b", "Introduction", "Target population, purpose in the care pathway, intended users",
             ("intended_use",), "report: Model card", "population, pathway and users"),
        Item("3c", "Introduction", "Known inequalities in health between groups"),
        Item("4", "Introduction", "Aims: development, evaluation or both"),
        Item("5a", "Methods", "Sources of the data for development and evaluation, and how representative they are",
             ("data",), "report: The data", "how representative they are"),
        Item("5b", "Methods", "Dates of the data"),
        Item("6a", "Methods", "Setting, number and place of centres"),
        Item("6b", "Methods", "Criteria of inclusion", ("exclusions",), "report: The data; left_out.csv",
             "criteria by which radiographs came into the label file"),
        Item("6c", "Methods", "Treatments received"),
        Item("7", "Methods", "Preparation and quality checks of the data, alike between groups", ("preprocessing",),
             "report: The data", "preparation before the run"),
        Item("8a", "Methods", "Outcome: definition, time, how it is assessed alike between groups", ("labels",), "",
             "how the labels were made"),
        Item("8b", "Methods", "Qualification of those who assessed the outcome, if it needs interpretation"),
        Item("8c", "Methods", "Blinding of the assessment of the outcome"),
        Item("9a", "Methods", "Choice of the initial predictors", ("inputs",), "", "why"),
        Item("9b", "Methods", "Definition of all predictors, when and how they were measured", ("preprocessing",), "",
             "how the radiographs were taken"),
        Item("9c", "Methods", "Qualification of those who assessed predictors, if they need interpretation"),
        Item("10", "Methods", "How the sample size was found", ("sizes",), _PARTS, "how these numbers were chosen"),
        Item("11", "Methods", "How missing data were handled", ("missing",), "report: The data"),
        Item("12a", "Methods", "How the data were used and divided", ("split",), _PARTS),
        Item("12b", "Methods", "How predictors were handled: functional form, scaling", ("preprocessing",)),
        Item("12c", "Methods", "Type of model, steps of its building, hyperparameters, internal validation",
             ("network", "training", "selection", "ensemble"), "experiment.yaml; search/trials.csv"),
        Item("12d", "Methods", "Differences between clusters such as hospitals, how handled", ("sources",),
             "report: Sources"),
        Item("12e", "Methods", "Measures of performance, their plots, comparison of models",
             ("measures", "statistics"), "docs/evaluation.md of xraykit"),
        Item("12f", "Methods", "Updating of the model, such as recalibration", ),
        Item("12g", "Methods", "In an evaluation: how predictions were computed", ("bundle", "software"), "model/"),
        Item("13", "Methods", "Class imbalance: methods used, and recalibration after them",
             ("imbalance", "calibration"), "tables/calibration.csv"),
        Item("14", "Methods", "Fairness: approaches, and reasons for them", ("subgroups",), "tables/subgroups_*.csv",
             "approaches beyond this comparison"),
        Item("15", "Methods", "Output of the model, and how thresholds were found", ("calibration", "thresholds"),
             "tables/operating_points.csv"),
        Item("16", "Methods", "Differences between development and evaluation data", ("split",), _PARTS,
             "differences beyond the table"),
        Item("17", "Methods", "Ethics approval and consent"),
        Item("18a", "Open science", "Funding, and the part of funders"),
        Item("18b", "Open science", "Conflicts of interest"),
        Item("18c", "Open science", "Where the protocol is, or that there is none"),
        Item("18d", "Open science", "Registration"),
        Item("18e", "Open science", "Availability of the data"),
        Item("18f", "Open science", "Availability of the code"),
        Item("19", "Patients and public", "Involvement of patients and the public"),
        Item("20a", "Results", "Flow of participants, with and without the outcome", ("sizes", "exclusions"), _PARTS,
             "exclusions before the label file"),
        Item("20b", "Results", "Characteristics of the participants, missing data, by setting or source",
             ("characteristics",), _PARTS),
        Item("20c", "Results", "Evaluation: distribution of predictors against that of the development data",
             ("characteristics",), _PARTS),
        Item("21", "Results", "Participants and outcomes in each analysis", ("sizes",), _PARTS),
        Item("22", "Results", "The whole model, so that others can use it", ("bundle",), "model/"),
        Item("23a", "Results", "Performance with confidence intervals, also of key subgroups", ("results", "subgroups"),
             f"{_RESULTS}, tables/subgroups_*.csv"),
        Item("23b", "Results", "Differences in performance between clusters", ("sources",), "report: Sources"),
        Item("24", "Results", "Results of any updating of the model"),
        Item("25", "Discussion", "Interpretation, with fairness, against aims and earlier studies"),
        Item("26", "Discussion", "Limitations and their effects"),
        Item("27a", "Discussion", "Use where input data are poor or missing", ("input_check",),
             "docs/input_check.md of xraykit"),
        Item("27b", "Discussion", "Interaction of users with the model, and their expertise"),
        Item("27c", "Discussion", "Next steps, applicability elsewhere"),
    ),
)  # fmt: skip

CLAIM = Checklist(
    "CLAIM 2024",
    "Tejani AS et al. CLAIM: 2024 update. Radiology: Artificial Intelligence 2024;6:e240300. "
    "https://doi.org/10.1148/ryai.240300. First version: Mongan J, Moy L, Kahn CE. Radiology: Artificial Intelligence "
    "2020;2:e200029. https://doi.org/10.1148/ryai.2020200029",
    (
        Item("1", "Title", "Name the study as one of AI, and the kind of technology"),
        Item("2", "Abstract", "Structured summary"),
        Item("3", "Introduction", "Background, intended use and clinical role", ("intended_use",),
             "report: Model card", "background and clinical role"),
        Item("4", "Introduction", "Aims and hypotheses"),
        Item("5", "Methods", "Prospective or retrospective"),
        Item("6", "Methods", "Goal of the study"),
        Item("7", "Methods", "Sources of the data", ("data",), "report: The data"),
        Item("8", "Methods", "Criteria of inclusion and exclusion", ("exclusions",), "report: The data; left_out.csv",
             "criteria by which radiographs came into the label file"),
        Item("9", "Methods", "Preprocessing", ("preprocessing",)),
        Item("10", "Methods", "Selection of subsets of the data", ("exclusions",), "report: The data",
             "any selection before the label file"),
        Item("11", "Methods", "De-identification"),
        Item("12", "Methods", "Missing data", ("missing",), "report: The data"),
        Item("13", "Methods", "Acquisition of the images"),
        Item("14", "Methods", "How the reference standard was obtained", ("labels",), "", "how the labels were made"),
        Item("15", "Methods", "Why this reference standard"),
        Item("16", "Methods", "Who annotated"),
        Item("17", "Methods", "Annotation of the test set"),
        Item("18", "Methods", "Variability between and within annotators"),
        Item("19", "Methods", "How the data were assigned to parts", ("split",), _PARTS),
        Item("20", "Methods", "Level at which the parts are disjoint", ("split",)),
        Item("21", "Methods", "Intended sample size", ("sizes",), _PARTS, "the intended size and its reason"),
        Item("22", "Methods", "The model in detail", ("network",), "experiment.yaml; model/"),
        Item("23", "Methods", "Software with versions", ("software",), "environment.json; model/model.json"),
        Item("24", "Methods", "Initial values of the parameters", ("initial",), "model/model.json"),
        Item("25", "Methods", "Training: augmentation, hyperparameters, number of models", ("training", "selection"),
             "experiment.yaml; history.csv; search/trials.csv"),
        Item("26", "Methods", "Choice of the final model", ("selection",), "history.csv"),
        Item("27", "Methods", "Ensembles", ("ensemble",), "report: The ensemble"),
        Item("28", "Methods", "Metrics of performance", ("measures",), "docs/evaluation.md of xraykit"),
        Item("29", "Methods", "Measures of significance and uncertainty", ("statistics",),
             "docs/evaluation.md of xraykit"),
        Item("30", "Methods", "Robustness or sensitivity analysis", ("subgroups",), "tables/subgroups_*.csv",
             "analyses beyond these subgroups"),
        Item("31", "Methods", "Explanations of the model's output", ("explanations",), "gradcam/; report: Heat maps"),
        Item("32", "Methods", "Evaluation on internal data", ("statistics",), _RESULTS),
        Item("33", "Methods", "Test on external data", ("external",), "evaluations/"),
        Item("34", "Methods", "Registration of a trial"),
        Item("35", "Results", "Patients or examinations included and excluded", ("sizes", "exclusions"), _PARTS,
             "exclusions before the label file"),
        Item("36", "Results", "Characteristics of the cases in each part", ("characteristics",), _PARTS),
        Item("37", "Results", "Performance with its uncertainty", ("results",), _RESULTS),
        Item("38", "Results", "Diagnostic performance and its precision", ("results", "thresholds"),
             "tables/operating_points.csv"),
        Item("39", "Results", "Analysis of the errors", ("errors",), "worklist.html; gradcam/",
             "what the review of the worklist finds"),
        Item("40", "Discussion", "Limitations"),
        Item("41", "Discussion", "Implications for practice"),
        Item("42", "Other", "Where the protocol or further technical details are", ("bundle",),
             "experiment.yaml; report.html", "a protocol"),
        Item("43", "Other", "Availability of software, model and data"),
        Item("44", "Other", "Funding, and the part of funders"),
    ),
)  # fmt: skip

CHECKLISTS: tuple[Checklist, ...] = (TRIPOD_AI, CLAIM)
"""All of them."""
