"""The routes of the server, with FastAPI: predictions, the model, health, metrics and their documentation."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from xraykit.serve.access import Access
from xraykit.serve.answers import NOTICE, About, Predictions
from xraykit.serve.metrics import Metrics
from xraykit.serve.observing import Observing
from xraykit.serve.page import page_of
from xraykit.serve.receiving import body_of
from xraykit.serve.refusals import Problem, Refusal, Refused, unavailable
from xraykit.serve.requests import FORM, JSON, SentRequest
from xraykit.serve.service import Service
from xraykit.version import VERSION

PREDICT, MODEL, LIVE, READY, METRICS, PAGE = (
    "/v1/predict",
    "/v1/model",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
)

_DESCRIPTION = f"""Calibrated probabilities and calls for chest radiographs, by one trained network. **{NOTICE}**"""

_STATUSES = {
    400: "The body is damaged.",
    401: "The token is missing or wrong.",
    408: "The request was not received in time.",
    413: "The request has too many bytes or pictures.",
    415: "The request is of another type.",
    503: "Starting, stopping or overloaded: send the request again later.",
}


class Health(BaseModel):
    """Whether the server answers."""

    status: str
    """`live`, `ready`, `starting` or `stopping`."""


def application(service: Service, access: Access) -> FastAPI:
    """The server's application of ASGI.

    Args:
        service: What it does.
        access: Who may use it.
    """
    app = FastAPI(
        title="xraykit",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(access.check_host)],
        exception_handlers={
            Refused: _refusing(service.metrics),
            HTTPException: _no_route,
            ClientDisconnect: _gone,
            Exception: _failed,
        },
    )
    app.add_middleware(Observing, metrics=service.metrics, routes=(PREDICT, MODEL, LIVE, READY, METRICS, PAGE))
    _add_predictions(app, service, access)
    _add_operations(app, service, access)
    _add_page(app, access)
    return app


def _guards(access: Access) -> list[Any]:
    """The check of the token, and the entry in the documentation that one is needed."""
    documented = [] if access.token is None else [Depends(HTTPBearer(auto_error=False))]
    return [Depends(access.check_token), *documented]


def _add_predictions(app: FastAPI, service: Service, access: Access) -> None:
    limits = service.limits

    async def predict(request: Request, response: Response) -> Predictions:
        """Predict one picture or several.

        PNG, JPEG or DICOM, as JSON with base64 or as a form with files. A picture that cannot be read has an error
        instead of probabilities; if none can be read, the status is 422.
        """
        ends = time.monotonic() + limits.request_seconds
        service.check_ready()
        with service.budget.share() as share:
            body = await body_of(request.stream(), request.headers.get("content-length"), limits, share)
            kind = request.headers.get("content-type", "")
            try:
                answer = await service.answer(request.state.number, kind, body, ends)
            except asyncio.CancelledError:
                if not service.is_stopping:
                    raise
                # The web server gives up what is left when the time to drain is over.
                raise unavailable("stopping", "The server stopped before the answer was ready.") from None
        response.status_code = 422 if answer.error else 200
        return answer

    app.add_api_route(
        PREDICT,
        predict,
        methods=["POST"],
        dependencies=_guards(access),
        responses=_refusals(*_STATUSES)
        | {422: {"model": Predictions | Refusal, "description": "No picture can be read, or unknown keys."}},
        openapi_extra={"requestBody": {"required": True, "content": _request_content()}},
    )


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Refusal, "description": _STATUSES[status]} for status in statuses}


def _request_content() -> dict[str, Any]:
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    schema = SentRequest.model_json_schema()
    # The schema stands alone, so that it needs no place among the components.
    named = schema.pop("$defs")["NamedPicture"]
    schema["properties"]["pictures"]["items"] = {"anyOf": [{"type": "string"}, named]}
    return {
        JSON: {"schema": schema, "example": {"pictures": ["BASE64", {"name": "a.png", "content": "BASE64"}]}},
        FORM: {"schema": {"type": "object", "properties": {"pictures": files}, "required": ["pictures"]}},
    }


def _add_operations(app: FastAPI, service: Service, access: Access) -> None:
    def model() -> About:
        """The network that answers, its decision rule, and what they may be used for."""
        return service.about

    def live() -> Health:
        """The process runs; for restarts."""
        return Health(status="live")

    def ready(response: Response) -> Health:
        """Requests are answered; for load balancers. 503 while the network is loaded, and after SIGTERM."""
        response.status_code = 200 if service.is_ready else 503
        return Health(status="ready" if service.is_ready else "stopping" if service.is_stopping else "starting")

    def metrics() -> Response:
        """Counters and durations in Prometheus' text format."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    guards = _guards(access)
    app.add_api_route(MODEL, model, dependencies=guards, responses=_refusals(401, 503))
    app.add_api_route(LIVE, live)
    app.add_api_route(READY, ready, responses={503: {"model": Health, "description": "Starting or stopping."}})
    app.add_api_route(METRICS, metrics, dependencies=guards, response_class=Response)


def _add_page(app: FastAPI, access: Access) -> None:
    text: list[str] = []

    def page() -> HTMLResponse:
        if not text:
            text.append(page_of(app.openapi(), PREDICT, has_token=access.token is not None))
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        return HTMLResponse(text[0], headers={"Content-Security-Policy": policy})

    def root() -> RedirectResponse:
        return RedirectResponse(PAGE.lstrip("/"))

    app.add_api_route(PAGE, page, include_in_schema=False)
    app.add_api_route("/", root, include_in_schema=False)


def _refusing(metrics: Metrics) -> Callable[[Request, Exception], Coroutine[Any, Any, Response]]:
    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused):
            raise error
        metrics.refused.labels(error.code).inc()
        return JSONResponse(error.body.model_dump(), error.status, error.headers)

    return refused


async def _no_route(request: Request, error: Exception) -> Response:
    status, headers = getattr(error, "status_code", 500), getattr(error, "headers", None)
    code, message = {
        404: ("not_found", f"There is no such address. The documentation is at {PAGE}."),
        405: ("wrong_method", f"The address takes another method. The documentation is at {PAGE}."),
    }.get(status, ("refused", "The request was refused."))
    return JSONResponse(Refusal(error=Problem(code=code, message=message)).model_dump(), status, headers)


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads this answer: the client closed the connection before its request was complete."""
    return JSONResponse(Refusal(error=Problem(code="cut_short", message="The request is cut short.")).model_dump(), 400)


async def _failed(request: Request, error: Exception) -> Response:
    message = "The server failed; its log says why. Report the number of the request to whoever runs it."
    return JSONResponse(Refusal(error=Problem(code="internal_error", message=message)).model_dump(), 500)
