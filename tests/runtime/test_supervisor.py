import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

# Children write to the supervisor's own output, so the end of that pipe means that all are gone.
_PRELUDE = r"""
import os, sys
from pathlib import Path
from backend.runtime.supervisor import Process, Supervisor

STAY = r'''
import os, signal, sys
def leave(*_):
    os.write(1, f"{sys.argv[1]} down\n".encode())
    sys.exit()
signal.signal(signal.SIGTERM, leave)
os.write(1, f"{sys.argv[1]} up {os.getpid()}\n".encode())
while True:
    signal.pause()
'''
LINGER = r'''
import os, signal, sys, time
asked = []
def note(*_):
    asked.append(1)
    os.write(1, b"asked\n")
signal.signal(signal.SIGTERM, note)
os.write(1, b"slow up\n")
while not asked:
    time.sleep(0.01)
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    time.sleep(0.01)
os.write(1, b"finished\n")
'''
FAIL = "raise SystemExit(3)"
GREET = r"import os; os.write(1, b'welcome\n')"
SERVE = r'''
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Face(BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Face.asked += 1
        self.send_response(200 if Face.asked > 2 else 503)
        self.end_headers()
        self.wfile.write("缺少数据库".encode())
    def log_message(self, *_):
        os.write(1, f"asked {Face.asked}\n".encode())
HTTPServer(("127.0.0.1", int(sys.argv[2])), Face).serve_forever()
'''

def process(name, program=STAY, *arguments, **options):
    argv = (sys.executable, "-S", "-c", program, name, *arguments)
    return Process(name, argv, env=dict(os.environ), log=options.pop("log", None), **options)

def say(line):
    os.write(1, f"{line}\n".encode())

try:
    with Supervisor(say) as supervisor:
"""
_CODA = """
except KeyboardInterrupt:
    say("stopped")
"""


class Run:
    """A supervisor in a process of its own, and what it and its children say."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.heard: list[str] = []

    def until(self, wanted: Callable[[str], bool]) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(line.strip())
            if wanted(line):
                return line.strip()
        raise AssertionError("the output ended without it")

    def pids_of(self, *names: str) -> list[int]:
        said = [self.until(lambda line: " up " in line).split() for _ in names]
        pids = {name: int(pid) for name, _, pid in said}
        return [pids[name] for name in names]

    def rest(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.read().split("\n")[:-1]


@contextmanager
def supervised(body: str) -> Iterator[Run]:
    lines = "".join(f"        {line}\n" for line in body.strip().splitlines())
    with subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + lines + _CODA],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Run(process)
        finally:
            process.kill()


def test_restarts_what_dies_and_says_so() -> None:
    with supervised("supervisor.start(process('worker'), floor=0)\nsupervisor.run()") as run:
        first = run.pids_of("worker")
        os.kill(first[0], signal.SIGKILL)
        said = run.until(lambda line: line.startswith("[worker]"))
        assert said == "[worker] 意外退出（信号 SIGKILL），立即重新启动"
        assert run.pids_of("worker") != first


def test_waits_longer_before_each_restart() -> None:
    body = "supervisor.start(process('worker', FAIL), floor=0)\nsupervisor.run()"
    with supervised(body) as run:
        pauses = [run.until(lambda line: line.startswith("[worker]")) for _ in range(3)]
    assert [said.rpartition("，")[2] for said in pauses] == [
        "立即重新启动",
        "1 秒后重新启动",
        "2 秒后重新启动",
    ]
    assert all("退出码 3" in said for said in pauses)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_higher_floors_first_and_leaves_nobody(number: signal.Signals) -> None:
    body = """
supervisor.start(process('server'), floor=0)
supervisor.start(process('face'), floor=2)
supervisor.start(process('worker'), floor=1)
supervisor.run()
"""
    with supervised(body) as run:
        pids = run.pids_of("server", "worker", "face")
        run.process.send_signal(number)
        assert run.rest() == ["face down", "worker down", "server down", "stopped"]
        assert run.process.wait() == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_asks_each_child_to_stop_once() -> None:
    # To some a second signal means: break off what you are at. A worker of RQ kills its job.
    body = """
supervisor.start(process('short', LINGER, '0.1'), process('long', LINGER, '0.5'), floor=0)
supervisor.run()
"""
    with supervised(body) as run:
        for _ in range(2):
            run.until(lambda line: line == "slow up\n")
        run.process.terminate()
        said = run.rest()
    assert [said.count(word) for word in ("asked", "finished", "stopped")] == [2, 2, 1]


def test_what_is_started_again_is_asked_again() -> None:
    body = "supervisor.start(process('worker'), floor=0)\nsupervisor.run()"
    with supervised(body) as run:
        os.kill(run.pids_of("worker")[0], signal.SIGTERM)
        run.pids_of("worker")
        run.process.terminate()
        assert run.rest() == ["worker down", "stopped"]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGHUP])
def test_two_signals_at_once_do_not_break_the_order(second: signal.Signals) -> None:
    # systemd and terminals that close send two.
    body = """
supervisor.start(process('server'), floor=0)
supervisor.start(process('face'), floor=1)
supervisor.run()
"""
    with supervised(body) as run:
        run.pids_of("server", "face")
        for number in (signal.SIGSTOP, signal.SIGTERM, second, signal.SIGCONT):
            run.process.send_signal(number)
        assert run.rest() == ["face down", "server down", "stopped"]
        assert run.process.wait() == 0


def test_killed_itself_it_leaves_nobody() -> None:
    body = "supervisor.start(process('worker'), process('face'), floor=0)\nsupervisor.run()"
    with supervised(body) as run:
        watches = [os.pidfd_open(pid) for pid in run.pids_of("worker", "face")]
        run.process.kill()
        for watch in watches:
            assert select.select([watch], [], [], 20)[0], "a child outlived the supervisor"
            os.close(watch)


def test_waits_until_a_face_is_ready(unused_port: int) -> None:
    url = f"http://127.0.0.1:{unused_port}/readyz"
    body = f"""
face = process('face', SERVE, '{unused_port}', ready_url='{url}')
supervisor.start(face, floor=0)
supervisor.wait_until_ready(face)
say('ready')
"""
    with supervised(body) as run:
        said = run.rest()
    assert said.count("ready") == 1
    assert [line for line in said if line.startswith("asked")] == ["asked 1", "asked 2", "asked 3"]


def test_a_face_that_ends_while_starting_is_reported_with_its_log(
    unused_port: int, tmp_path: object
) -> None:
    body = f"""
from backend.runtime.children import StartError
log = Path('{tmp_path}') / 'face.log'
program = "print('no such module'); raise SystemExit(1)"
url = 'http://127.0.0.1:{unused_port}/readyz'
face = process('face', program, log=log, ready_url=url)
supervisor.start(process('server'), face, floor=0)
try:
    supervisor.wait_until_ready(face)
except StartError as error:
    say(error.message)
"""
    with supervised(body) as run:
        run.pids_of("server")
        assert run.rest() == ["face 没有启动（退出码 1）：", "no such module", "server down"]


def test_a_job_that_is_done_is_not_started_again() -> None:
    body = """
supervisor.start(process('welcome', GREET, once=True), floor=0)
supervisor.start(process('worker', FAIL), floor=0)
supervisor.run()
"""
    with supervised(body) as run:
        run.until(lambda line: "1 秒后" in line)  # the worker was started twice meanwhile
        assert run.heard.count("welcome") == 1


def test_a_job_that_fails_is_told_and_not_started_again() -> None:
    body = """
supervisor.start(process('welcome', FAIL, once=True), floor=0)
supervisor.start(process('worker', FAIL), floor=0)
supervisor.run()
"""
    with supervised(body) as run:
        run.until(lambda line: "1 秒后" in line)
        told = [line for line in run.heard if line.startswith("[welcome]")]
        assert told == ["[welcome] 没有完成（退出码 3）"]


def test_shows_errors_from_the_logs(tmp_path: object) -> None:
    body = f"""
log = Path('{tmp_path}') / 'api.log'
program = "import signal; print('fine', flush=True); print('ERROR broken', flush=True)"
supervisor.start(process('api', program + "; signal.pause()", log=log), floor=0)
supervisor.run()
"""
    with supervised(body) as run:
        assert run.until(lambda line: "[api]" in line) == "[api] ERROR broken"


def test_a_signal_during_a_start_waits_until_the_started_can_be_stopped() -> None:
    body = """
class Interrupted(Process):
    def start(self):
        os.kill(os.getpid(), 15)
        super().start()
        say("started")
argv = (sys.executable, '-c', STAY, 'face')
supervisor.start(Interrupted('face', argv, env={}, log=None), floor=0)
supervisor.run()
"""
    with supervised(body) as run:
        said = [line for line in run.rest() if not line.startswith("face")]
        assert said == ["started", "stopped"]
        assert run.process.wait() == 0
