"""The command ``python -m xraykit.predict``: a trained network's answers for radiographs, as CSV or JSON."""
