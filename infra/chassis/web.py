"""The web side of a service: one application factory with login, CSRF, security headers and errors
that tell a person what to do."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import structlog
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components
from litestar.params import Parameter
from litestar.plugins.htmx import HTMXPlugin
from litestar.response import Redirect, Template
from litestar.security.session_auth import SessionAuth
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler

from infra.chassis.errors import TRANSIENT
from infra.chassis.staff import Role, StaffDoor, StaffMember
from infra.pages.pages import LANGUAGE_COOKIE, LANGUAGES, STATIC, PageEngine, language_of, templates

SESSION_COOKIE = "henvend_session"
SESSION_SECONDS = 12 * 3600
SECURITY_HEADERS = {
    # Everything comes from our own server; the services share one staff layout and may call each other.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = structlog.get_logger()


def requires(
    *roles: Role,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard: only staff with one of these roles come through."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        member = connection.scope.get("user")
        if not isinstance(member, StaffMember):
            raise NotAuthorizedException("Log in first.")
        if member.role not in roles:
            raise PermissionDeniedException(f"This page is for: {', '.join(roles)}.")

    return guard


class Web:
    """What `create_web_app` needs besides the routes."""

    def __init__(
        self,
        *,
        service: str,
        door: StaffDoor,
        secret: bytes,
        secure_cookies: bool,
        links: dict[str, str],
    ) -> None:
        self.service = service
        self.door = door
        self.secret = secret
        self.secure_cookies = secure_cookies
        self.links = links

    def app(
        self,
        routes: Sequence[ControllerRouterHandler],
        *,
        lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]] | None = None,
        template_folders: Iterable[Any] = (),
        title: str = "Henvend",
        csrf_exclude: Sequence[str] = (),
        middleware: Sequence[Any] = (),
        before_request: Any = None,
        cors_config: Any = None,
        api_components: Components | None = None,
    ) -> Litestar:
        """Every route needs a logged-in member unless it says `exclude_from_auth=True`."""
        session = SessionAuth[StaffMember, Any](
            retrieve_user_handler=self._member_of_session,
            session_backend_config=CookieBackendConfig(
                secret=self.secret,
                key=SESSION_COOKIE,
                max_age=SESSION_SECONDS,
                httponly=True,
                samesite="lax",
                secure=self.secure_cookies,
            ),
            exclude=["^/static/", "^/schema"],
        )
        return Litestar(
            route_handlers=[
                *routes,
                *_login_routes(self.door),
                create_static_files_router(
                    "/static", directories=[STATIC], include_in_schema=False
                ),
            ],
            on_app_init=[session.on_app_init],
            lifespan=[lifespan] if lifespan else [],
            csrf_config=CSRFConfig(
                secret=self.secret.hex(),
                cookie_name="henvend_csrf",
                header_name="x-csrf-token",
                cookie_secure=self.secure_cookies,
                cookie_samesite="lax",
                cookie_httponly=False,
                exclude=list(csrf_exclude) or None,
            ),
            template_config=TemplateConfig(
                instance=PageEngine(
                    templates(self.service, template_folders, self.links, self.door.members)
                )
            ),
            plugins=[HTMXPlugin()],
            middleware=list(middleware),
            before_request=before_request,
            cors_config=cors_config,
            exception_handlers={HTTPException: _say_what_to_do, Exception: _something_broke},
            after_request=_with_security_headers,
            openapi_config=OpenAPIConfig(
                title=title, version="1", components=api_components or Components()
            ),
            request_max_body_size=2_000_000,
            logging_config=None,
        )

    async def _member_of_session(
        self, session: dict[str, Any], _connection: ASGIConnection[Any, Any, Any, Any]
    ) -> StaffMember | None:
        # Looked up anew each time, so that a removed account is out at its next request.
        return self.door.members.get(session.get("account", "")) if session else None


def _add_security_headers(response: Response[Any]) -> Response[Any]:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _with_security_headers(response: Response[Any]) -> Response[Any]:
    # Not a plain function: Litestar would hand each answer to a thread and back.
    return _add_security_headers(response)


def _login_routes(door: StaffDoor) -> list[ControllerRouterHandler]:
    @get("/login", exclude_from_auth=True, include_in_schema=False, sync_to_thread=False)
    def login_page() -> Template:
        return Template("login.html", context={"token": None, "wrong": False, "next": "/"})

    @get(
        "/login/{token:str}", exclude_from_auth=True, include_in_schema=False, sync_to_thread=False
    )
    def login_link(token: str, after: Annotated[str, Parameter(query="next")] = "/") -> Template:
        # A GET must not use the link up: mail scanners and previews open links too.
        return Template(
            "login.html", context={"token": token, "wrong": False, "next": _local(after)}
        )

    @post("/login/{token:str}", exclude_from_auth=True, include_in_schema=False)
    async def log_in(
        request: Request[Any, Any, Any],
        token: str,
        after: Annotated[str, Parameter(query="next")] = "/",
    ) -> Response[Any]:
        member = await door.redeem(token)
        if member is None:
            return Template(
                "login.html", context={"token": None, "wrong": True, "next": "/"}, status_code=403
            )
        request.set_session({"account": member.account})
        log.info("staff_logged_in", role=member.role)
        return Redirect(_local(after), status_code=303)

    @post("/logout", include_in_schema=False, sync_to_thread=False, status_code=303)
    def log_out(request: Request[Any, Any, Any]) -> Redirect:
        request.clear_session()
        return Redirect("/login", status_code=303)

    @get(
        "/language/{language:str}",
        exclude_from_auth=True,
        include_in_schema=False,
        sync_to_thread=False,
    )
    def choose_language(
        language: str, after: Annotated[str, Parameter(query="next")] = "/"
    ) -> Redirect:
        redirect = Redirect(_local(after), status_code=303)
        if language in LANGUAGES:
            redirect.set_cookie(
                LANGUAGE_COOKIE, language, max_age=365 * 86400, samesite="lax", path="/"
            )
        return redirect

    return [login_page, login_link, log_in, log_out, choose_language]


def _local(path: str) -> str:
    """Only paths of our own server, or a link could send people elsewhere after login."""
    parts = urlsplit(path)
    safe = not parts.scheme and not parts.netloc and path.startswith("/")
    return path if safe and not path.startswith(("//", "/\\")) else "/"


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _say_what_to_do(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = error.status_code
    if status == 401 and _wants_page(request) and request.method == "GET":
        return _add_security_headers(
            Redirect(f"/login?next={quote(request.url.path)}", status_code=303)
        )
    answer = _error(request, status, error.detail if status < 500 else "")
    if error.headers and "retry-after" in error.headers:
        answer.headers["retry-after"] = error.headers["retry-after"]
    return answer


def _something_broke(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    away = isinstance(error, TRANSIENT)
    if not away:
        log.error(
            "request_failed", exc_info=error, route=str(request.scope.get("path_template", ""))
        )
    return _error(request, 503 if away else 500, "")


def _error(request: Request[Any, Any, Any], status: int, detail: str) -> Response[Any]:
    if not _wants_page(request):
        # Never echo a body's content: validation messages of libraries quote it.
        body: dict[str, Any] = {"status": status, "error": detail or "Try again in a moment."}
        return _add_security_headers(Response(body, status_code=status, media_type=MediaType.JSON))
    return _add_security_headers(
        Template(
            "error.html",
            context={"status": status, "detail": detail, "language": language_of(request)},
            status_code=status,
        )
    )
