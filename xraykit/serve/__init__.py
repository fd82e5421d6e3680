"""A bundle as a web service: ``python -m xraykit.serve RUN``.

The command reports mistakes before anything heavy is imported; FastAPI and uvicorn are the extra ``serve``.
"""
