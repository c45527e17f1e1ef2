"""A committed scene on a backend, for what races, jobs and faces."""

from dataclasses import dataclass

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.people.service import open_session
from backend.rulebook.service import register
from tests.builders.scene import Scene, a_scene


@dataclass(frozen=True, slots=True)
class City:
    """A backend with a scene in its database."""

    backend: Backend
    scene: Scene

    def token(self, member_id: int, face: Face = Face.API) -> str:
        """A fresh token of a member."""
        with self.backend.engine.begin() as db:
            return open_session(
                db, member_id=member_id, face=face, now=self.backend.clock.now()
            ).token


def a_city(backend: Backend, *, members: int = 12) -> City:
    """Builds and commits the scene."""
    with backend.engine.begin() as db:
        register(db, backend.rulebook)
        return City(backend, a_scene(db, backend.clock.now(), members=members))
