"""The command ``python -m xraykit.predict``: the predictions of a trained network for radiographs, as CSV or JSON."""
