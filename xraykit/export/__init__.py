"""A bundle for runtimes outside Python: ONNX, LiteRT, SavedModel and OpenVINO, verified before it is reported."""
