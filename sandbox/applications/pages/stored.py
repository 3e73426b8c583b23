"""Files of a case, for whoever may see the case."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from sandbox.applications import queries
from sandbox.applications.policy import READ_FILES
from sandbox.applications.tables import Application
from sandbox.foundation import files
from sandbox.foundation.errors import NotFound
from sandbox.foundation.tables import StoredFile
from sandbox.people.person import Person


@get("/files/{file:uuid}", permission=READ_FILES)
async def download(request: Request[Person, Any, Any], file: FromPath[UUID]) -> Any:
    """A file of a case: what was attached, and letters. Other files have pages of their own."""
    stored = await StoredFile.objects().get(StoredFile.id == file)
    if stored is None or stored.case is None:
        raise NotFound
    application = await Application.objects().get(Application.id == stored.case)
    if application is None:
        raise NotFound
    if not request.user.belongs_to(application.organisation):
        await queries.check_visible(request.user, application.id)
    return await files.response_for(stored)


ROUTES = [download]
