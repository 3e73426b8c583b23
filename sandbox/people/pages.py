"""Sign-up, sign-in, the organisation and its members."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation import mail
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import LANGUAGES, N_, _, current_language, format_list
from sandbox.foundation.policy import PUBLIC, SIGNED_IN
from sandbox.foundation.web import sessions
from sandbox.foundation.web.forms import Form, read_form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, local_path, page, redirect
from sandbox.foundation.web.security import limit
from sandbox.people import commands, forms, queries, rules
from sandbox.people.authentication import LANGUAGE
from sandbox.people.person import ROLE_NAMES, STAFF, Level, Person, Role
from sandbox.people.policy import BE_A_MEMBER, GET_WEEKLY_MAIL, MANAGE_PEOPLE
from sandbox.people.tables import Account
from sandbox.settings import settings

_YEAR = 365 * 24 * 3600  # seconds
Asked = Request[Person, Any, Any]

# The first page of each role, by what it has to do; the first that fits counts.
_FIRST_PAGES = (
    (Role.CENTRAL, "/overview"),
    (Role.OFFICER, "/cases"),
    (Role.DECISION_MAKER, "/cases"),
    (Role.REVIEWER, "/reviews"),
    (Role.POLICYMAKER, "/reports"),
    (Role.AUDITOR, "/audit"),
    (Role.ADMINISTRATOR, "/people"),
)


def first_page(person: Person) -> str:
    """Where ``person`` begins after signing in."""
    if person.is_any(Role.APPLICANT) and person.organisation is None:
        return "/organisation/new"
    return next((path for role, path in _FIRST_PAGES if role in person.roles), "/applications")


async def _enter(request: Asked, account: UUID, path: str = "") -> Any:
    await sessions.sign_in(request, account)
    person = await queries.person(account)
    if person is None:
        raise NotFound
    return redirect(request, local_path(path, first_page(person)))


async def _limit_mails(request: Asked, email: str) -> None:
    """So many mails an hour to an address that somebody typed, whoever it was."""
    await limit(request, "mail-to", times=5, seconds=3600, of=email.lower())


@get("/sign-up", permission=PUBLIC)
async def sign_up_form(request: Asked) -> Any:
    """Ask for a new account."""
    return page(request, "people/sign_up.html", form=Form())


@post("/sign-up", permission=PUBLIC)
async def sign_up(request: Asked) -> Any:
    """Make the account and mail its confirmation."""
    await limit(request, "sign-up", times=10, seconds=3600)
    form = await read_form(request, forms.SignUp)
    if form.valid:
        await _limit_mails(request, form.data.email)
        try:
            mark = await commands.sign_up(
                name=form.data.name,
                email=form.data.email,
                password=form.data.password,
                language=current_language(),
            )
            request.session["signed_up"] = mark
            return _check_mail(request, form.data.email)
        except InvalidInput as error:
            form.refuse(error)
    return page(request, "people/sign_up.html", status=422, form=form)


def _check_mail(request: Asked, email: str) -> Any:
    return page(request, "people/check_mail.html", email=email, kept=mail.open_to_all())


@get("/confirm/{secret:str}", permission=PUBLIC)
async def confirm_form(request: Asked, secret: FromPath[str]) -> Any:
    """A page with a button: mail scanners that follow links must not use the ticket up."""
    return _confirm_page(request, secret, Form())


def _confirm_page(request: Asked, secret: str, form: Form[Any], status: int = 200) -> Any:
    """With a field for the password where another browser signed up."""
    known = _signed_up(request, secret)
    return page(
        request, "people/confirm.html", status=status, secret=secret, form=form, known=known
    )


def _signed_up(request: Asked, secret: str) -> bool:
    """Whether this browser is the one that asked for the link."""
    return bool(request.session.get("signed_up") == rules.hashed(secret))


@post("/confirm/{secret:str}", permission=PUBLIC)
async def confirm(request: Asked, secret: FromPath[str]) -> Any:
    """Confirm the address and sign in."""
    values, _files = await read_values(request)
    password = None if _signed_up(request, secret) else str(values.get("password", ""))
    try:
        account = await commands.confirm(secret, password=password)
    except InvalidInput as error:
        return _confirm_page(request, secret, Form(errors=error.errors), status=422)
    except RuleBroken as error:
        return page(request, "people/link_spent.html", status=409, message=error.message)
    return await _enter(request, account)


@get("/sign-in", permission=PUBLIC)
async def sign_in_form(request: Asked) -> Any:
    """Ask for address and password; in the demo, offer its people."""
    if request.user.signed_in:
        return redirect(request, first_page(request.user))
    form: Form[forms.SignIn] = Form({"next": local_path(request.query_params.get("next"), "")})
    return await _sign_in_page(request, form)


async def _sign_in_page(request: Asked, form: Form[forms.SignIn], status: int = 200) -> Any:
    people = await queries.demo_people() if settings.demo else []
    return page(request, "people/sign_in.html", status=status, form=form, demo_people=people)


@post("/sign-in", permission=PUBLIC)
async def sign_in(request: Asked) -> Any:
    """Sign in, or say that address and password do not fit."""
    await limit(request, "sign-in", times=20, seconds=900)
    form = await read_form(request, forms.SignIn)
    if form.valid:
        await limit(request, "sign-in-of", times=10, seconds=900, of=form.data.email.lower())
        account = await commands.sign_in(email=form.data.email, password=form.data.password)
        if account is not None:
            return await _enter(request, account, form.data.next)
        form.errors["email"] = _("This address and password do not go together")
    form.values.pop("password", None)
    return await _sign_in_page(request, form, status=422)


@post("/sign-in/demo/{account:uuid}", permission=PUBLIC)
async def sign_in_demo(request: Asked, account: FromPath[UUID]) -> Any:
    """Become a demo person with one click; only in demo mode, only demo accounts."""
    demo = settings.demo and await Account.exists().where(
        (Account.id == account) & Account.demo.eq(True)
    )
    if not demo:
        raise NotFound
    language = current_language()  # as the visitor reads, not as they do
    return _speaking(await _enter(request, account), language)


@post("/sign-out", permission=PUBLIC)
async def sign_out(request: Asked) -> Any:
    """End the session."""
    sessions.sign_out(request)
    return redirect(request, "/")


@get("/forgotten", permission=PUBLIC)
async def forgotten_form(request: Asked) -> Any:
    """Ask for the address whose password is forgotten."""
    return page(request, "people/forgotten.html", form=Form())


@post("/forgotten", permission=PUBLIC)
async def forgotten(request: Asked) -> Any:
    """Mail a link; the answer is the same whether there is an account or not."""
    await limit(request, "reset", times=10, seconds=3600)
    form = await read_form(request, forms.AskReset)
    if not form.valid:
        return page(request, "people/forgotten.html", status=422, form=form)
    await _limit_mails(request, form.data.email)
    await commands.ask_reset(email=form.data.email, language=current_language())
    return _check_mail(request, form.data.email)


@get("/reset/{secret:str}", permission=PUBLIC)
async def reset_form(request: Asked, secret: FromPath[str]) -> Any:
    """Ask for the new password."""
    return page(request, "people/reset.html", form=Form(), secret=secret)


@post("/reset/{secret:str}", permission=PUBLIC)
async def reset(request: Asked, secret: FromPath[str]) -> Any:
    """Set the new password and sign in."""
    form = await read_form(request, forms.NewPassword)
    if form.valid:
        try:
            return await _enter(request, await commands.reset_password(secret, form.data.password))
        except InvalidInput as error:
            form.refuse(error)
        except RuleBroken as error:
            return page(request, "people/link_spent.html", status=409, message=error.message)
    return page(request, "people/reset.html", status=422, form=form, secret=secret)


@get("/invite/{secret:str}", permission=PUBLIC)
async def invitation(request: Asked, secret: FromPath[str]) -> Any:
    """Welcome an invited colleague."""
    return await _join_page(request, secret, Form())


async def _join_page(
    request: Asked, secret: str, form: Form[forms.Joining], status: int = 200
) -> Any:
    invited = await queries.invitation(secret)
    return page(
        request, "people/join.html", status=status, form=form, secret=secret, invited=invited
    )


@post("/invite/{secret:str}", permission=PUBLIC)
async def join(request: Asked, secret: FromPath[str]) -> Any:
    """Join the organisation and sign in."""
    form = await read_form(request, forms.Joining)
    if form.valid:
        try:
            account = await commands.accept_invitation(
                secret,
                name=form.data.name,
                password=form.data.password,
                language=current_language(),
            )
            return await _enter(request, account)
        except InvalidInput as error:
            form.refuse(error)
        except RuleBroken as error:
            return page(request, "people/link_spent.html", status=409, message=error.message)
    return await _join_page(request, secret, form, status=422)


@get("/organisation/new", permission=BE_A_MEMBER)
async def organisation_form(request: Asked) -> Any:
    """Ask for the organisation of a new applicant."""
    if request.user.organisation is not None:
        return redirect(request, "/organisation")
    return page(request, "people/organisation_new.html", form=Form())


@post("/organisation/new", permission=BE_A_MEMBER)
async def found_organisation(request: Asked) -> Any:
    """Name the organisation."""
    form = await read_form(request, forms.NewOrganisation)
    if form.valid:
        try:
            await commands.found_organisation(
                request.user,
                name=form.data.name,
                country=form.data.country,
                registration_number=form.data.registration_number,
                size=form.data.size,
            )
            flash(request, "success", _("Your organisation is set up. Start your application."))
            return redirect(request, "/applications")
        except InvalidInput as error:
            form.refuse(error)
    return page(request, "people/organisation_new.html", status=422, form=form)


@get("/organisation", permission=BE_A_MEMBER)
async def organisation(request: Asked) -> Any:
    """The organisation's members, and the form to invite another."""
    return await _organisation_page(request, Form({"level": Level.EDITOR}))


async def _organisation_page(
    request: Asked, form: Form[forms.Invitation], status: int = 200
) -> Any:
    if request.user.organisation is None:
        return redirect(request, "/organisation/new")
    return page(
        request,
        "people/organisation.html",
        status=status,
        form=form,
        members=await queries.members(request.user.organisation),
        pending=await queries.pending_invitations(request.user.organisation),
    )


@post("/organisation/invitations", permission=BE_A_MEMBER)
async def invite(request: Asked) -> Any:
    """Invite a colleague by mail."""
    form = await read_form(request, forms.Invitation)
    if not form.valid:
        return await _organisation_page(request, form, status=422)
    await limit(request, "invite", times=30, seconds=3600, of=str(request.user.organisation))
    await _limit_mails(request, form.data.email)
    await commands.invite(request.user, email=form.data.email, level=form.data.level)
    flash(
        request,
        "success",
        _("We have sent an invitation to %(email)s.") % {"email": form.data.email},
    )
    return redirect(request, "/organisation")


@post("/language/{code:str}", permission=PUBLIC)
async def choose_language(request: Asked, code: FromPath[str]) -> Any:
    """Read everything in another language from now on."""
    if code not in LANGUAGES:
        raise NotFound
    if request.user.signed_in:
        await commands.speak(request.user, code)
    answer = redirect(request, local_path((await request.form()).get("back")))
    return _speaking(answer, code)


def _speaking(answer: Any, code: str) -> Any:
    """The answer, with the choice of a language that the browser keeps."""
    answer.set_cookie(
        LANGUAGE, code, max_age=_YEAR, secure=settings.https, httponly=True, samesite="lax"
    )
    return answer


@get("/account", permission=SIGNED_IN)
async def account(request: Asked) -> Any:
    """Who you are here, and what your roles let you do."""
    words = sorted(_(ROLE_NAMES[role]) for role in request.user.roles)
    weekly = None
    if GET_WEEKLY_MAIL.allows(request.user):
        weekly = await queries.wants_weekly_mail(request.user.id)
    return page(request, "people/account.html", role_words=format_list(words), weekly=weekly)


@post("/account/weekly-mail", permission=GET_WEEKLY_MAIL)
async def choose_weekly_mail(request: Asked) -> Any:
    """Let the weekly mail come, or stop it."""
    wanted = (await request.form()).get("wanted") == "yes"
    await commands.choose_weekly_mail(request.user, wanted=wanted)
    flash(
        request,
        "success",
        _("The weekly mail comes again.") if wanted else _("The weekly mail is stopped."),
    )
    return redirect(request, "/account")


@get("/people", permission=MANAGE_PEOPLE)
async def accounts(request: Asked) -> Any:
    """Everybody who can sign in, with what they are; no case is shown here."""
    asked = request.query_params
    found = await queries.accounts(text=asked.get("text", ""), after=asked.get("after", ""))
    return page(
        request, "people/accounts.html", accounts=found[:50], more=len(found) > 50,
        text=asked.get("text", ""),
    )  # fmt: skip


@get("/people/new", permission=MANAGE_PEOPLE)
async def new_person(request: Asked) -> Any:
    """Ask for a colleague's name, roles and place."""
    return page(request, "people/account_new.html", form=Form(), staff_roles=_staff_roles())


def _staff_roles() -> list[tuple[str, str]]:
    return [(role, _(ROLE_NAMES[role])) for role in Role if role in STAFF]


@post("/people/new", permission=MANAGE_PEOPLE)
async def make_person(request: Asked) -> Any:
    """Make a colleague's account."""
    form = await read_form(request, forms.NewPerson)
    if form.valid:
        try:
            await commands.make_person(
                name=form.data.name, email=form.data.email, password=form.data.password,
                roles=frozenset(form.data.roles), authority=form.data.authority,
                sectors=frozenset(form.data.sectors), by=request.user,
            )  # fmt: skip
            flash(request, "success", _("The account is made."))
            return redirect(request, "/people")
        except InvalidInput as error:
            form.refuse(error)
    form.values.pop("password", None)
    return page(
        request, "people/account_new.html", status=422, form=form, staff_roles=_staff_roles()
    )


@post("/people/{account:uuid}/{step:str}", permission=MANAGE_PEOPLE)
async def close_or_open(request: Asked, account: FromPath[UUID], step: FromPath[str]) -> Any:
    """Close an account or open it again."""
    if step not in {"close", "open"}:
        raise NotFound
    await commands.set_disabled(request.user, account, disabled=step == "close")
    words = _("The account is closed.") if step == "close" else _("The account is open again.")
    flash(request, "success", words)
    return redirect(request, "/people")


NAVIGATION = [
    NavigationLink("/organisation", N_("Organisation"), BE_A_MEMBER, place=45),
    NavigationLink("/people", N_("People"), MANAGE_PEOPLE, place=80),
]

ROUTES = [
    sign_up_form,
    sign_up,
    confirm_form,
    confirm,
    sign_in_form,
    sign_in,
    sign_in_demo,
    sign_out,
    forgotten_form,
    forgotten,
    reset_form,
    reset,
    invitation,
    join,
    organisation_form,
    found_organisation,
    organisation,
    invite,
    choose_language,
    account,
    choose_weekly_mail,
    accounts,
    new_person,
    make_person,
    close_or_open,
]
