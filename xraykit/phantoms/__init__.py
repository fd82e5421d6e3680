"""Simulated radiographs with known findings: for demonstrations, tests and anyone without the real ones.

The picture comes about as a real one does: rays pass through simple solids (trunk, lungs, heart, ribs, vessels), what
comes through follows Beer and Lambert's law, and a film turns it into grey. Each of the 14 findings of NIH
ChestX-ray14 changes these solids as the disease does. They do not replace real radiographs: a model
trained on them has learnt nothing about patients.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.phantoms.dataset import MANIFEST as MANIFEST
    from xraykit.phantoms.dataset import write_phantoms as write_phantoms
    from xraykit.phantoms.layouts import DEFAULT_LAYOUT as DEFAULT_LAYOUT
    from xraykit.phantoms.layouts import LAYOUTS as LAYOUTS
    from xraykit.phantoms.layouts import layout_named as layout_named
    from xraykit.phantoms.layouts.layout import Drawn as Drawn
    from xraykit.phantoms.layouts.layout import Layout as Layout
    from xraykit.phantoms.settings import FINDINGS as FINDINGS
    from xraykit.phantoms.settings import Phantom as Phantom
    from xraykit.phantoms.simulator.patients import Patient as Patient
    from xraykit.phantoms.simulator.patients import View as View
    from xraykit.phantoms.simulator.patients import Visit as Visit
    from xraykit.phantoms.simulator.patients import draw_patient as draw_patient
    from xraykit.phantoms.simulator.patients import draw_visits as draw_visits
    from xraykit.phantoms.simulator.radiograph import Box as Box
    from xraykit.phantoms.simulator.radiograph import Radiograph as Radiograph
    from xraykit.phantoms.simulator.radiograph import draw_radiograph as draw_radiograph
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
