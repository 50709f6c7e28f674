"""Git over HTTP, with the real git."""

from pathlib import Path

from tests.sandbox.github_stage import Home, git

pytest_plugins = ("tests.sandbox.github_fixtures",)


def _address(home: Home, who: str = "", password: str = "") -> str:
    secret = home.hub.tokens.get(password or who, password)
    plain = home.hub.github.url.removeprefix("http://")
    login = f"{who}:{secret}@" if who else ""
    return f"http://{login}{plain}/{home.name}.git"


def _clone(home: Home, folder: Path, who: str, password: str = "") -> Path:
    done = git(folder, "clone", "-q", _address(home, who, password), "work")
    assert done.returncode == 0, done.stderr
    return folder / "work"


def _commit(work: Path, name: str, text: str) -> str:
    (work / name).write_text(text)
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", f"Write {name}")
    return git(work, "rev-parse", "HEAD").stdout.strip()


def test_anybody_clones_in_public(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "")
    assert (work / "conf" / "train.yaml").exists()


def test_private_repositories_ask_who_is_there(private: Home, tmp_path: Path) -> None:
    refused = git(tmp_path, "clone", "-q", _address(private), "work")
    assert refused.returncode != 0
    assert "could not read Username" in refused.stderr
    refused = git(tmp_path, "clone", "-q", _address(private, "stranger"), "work")
    assert refused.returncode != 0
    assert (_clone(private, tmp_path, "rita") / "README.md").exists()


def test_a_push_is_seen_by_the_api_and_moves_the_pull(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "ada")
    git(work, "checkout", "-q", "-b", "by-hand")
    _commit(work, "a.txt", "one\n")
    pushed = git(work, "push", "-q", "origin", "by-hand")
    assert pushed.returncode == 0, pushed.stderr
    assert home.events() == [("push", None), ("create", None)]
    pull = home.seen_by("ada").create_pull(base="main", head="by-hand", title="By hand")
    tip = _commit(work, "b.txt", "two\n")
    git(work, "push", "-q", "origin", "by-hand")
    pull.update()
    assert (pull.head.sha, pull.commits) == (tip, 2)
    assert home.events()[-2:] == [("push", None), ("pull_request", "synchronize")]
    names = [commit["message"] for commit in home.deliveries[-2].payload["commits"]]
    assert names == ["Write b.txt"]
    fetched = git(work, "fetch", "-q", "origin", "refs/pull/1/head")
    assert fetched.returncode == 0, fetched.stderr


def test_an_api_commit_is_seen_by_git(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "ada")
    tip = home.branch("main", {"README.md": "by the api\n"})
    git(work, "pull", "-q")
    assert git(work, "rev-parse", "HEAD").stdout.strip() == tip
    assert (work / "README.md").read_text() == "by the api\n"


def test_pushing_needs_the_right_to_write(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "rita")
    _commit(work, "a.txt", "one\n")
    refused = git(work, "push", "origin", "HEAD:main")
    assert refused.returncode != 0
    assert "403" in refused.stderr
    assert home.events() == []


def test_a_jobs_token_pushes_as_x_access_token_and_starts_nothing(
    home: Home, tmp_path: Path
) -> None:
    work = _clone(home, tmp_path, "x-access-token", home.job(contents="write"))
    _commit(work, "a.txt", "one\n")
    pushed = git(work, "push", "-q", "origin", "HEAD:by-job")
    assert pushed.returncode == 0, pushed.stderr
    assert [item.triggers_workflows for item in home.deliveries] == [False, False]
    assert home.deliveries[0].payload["pusher"]["name"] == "github-actions[bot]"


def test_the_refs_of_pulls_are_not_for_pushing(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "ada")
    _commit(work, "a.txt", "one\n")
    refused = git(work, "push", "origin", "HEAD:refs/pull/1/head")
    assert refused.returncode != 0
    assert "hidden ref" in refused.stderr


def test_a_large_push_arrives(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "ada")
    text = "".join(f"{number * 7919}\n" for number in range(400_000))
    tip = _commit(work, "big.txt", text)
    pushed = git(work, "push", "-q", "origin", "HEAD:main")
    assert pushed.returncode == 0, pushed.stderr
    assert home.state.git.refs["refs/heads/main"] == tip
