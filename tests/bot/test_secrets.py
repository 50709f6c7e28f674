import pytest

from bot.core.secrets import first, redact

HEX = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("token ghp_" + "a1B2" * 9, "token [GitHub token removed]"),
        ("ghs_" + "a1B2" * 9 + " x", "[GitHub token removed] x"),
        ("github_pat_" + "a1B2" * 10, "[GitHub token removed]"),
        ("sk-ant-api03-abcdefghij", "[Anthropic key removed]"),
        ("AKIAIOSFODNN7EXAMPLE", "[AWS key removed]"),
        (f"WANDB_API_KEY={HEX}", "WANDB_API_KEY=[W&B key removed]"),
        (f'"api_key": "{HEX}"', '"api_key": "[W&B key removed]"'),
        (f"password {HEX}", "password [W&B key removed]"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [token removed]"),
        ("https://me:hunter2@host/x", "https://me:[password removed]@host/x"),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=[password removed]"),
        ("password: 'hunter2'", "password: '[password removed]'"),
        ("MY_TOKEN=q8Zr2Lw9Xk4Tn7Vb", "MY_TOKEN=[secret removed]"),
        ('"clientSecret": "q8Zr2Lw9Xk4Tn7Vb"', '"clientSecret": "[secret removed]"'),
        (
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\nE\n-----END RSA PRIVATE KEY-----\nb",
            "a\n[private key removed]\nb",
        ),
        ("-----BEGIN PRIVATE KEY-----\ncut off", "[private key removed]"),
        ("eyJhbGciOi.eyJzdWIiOi.SflKxwRJSM", "eyJhbGciOi.eyJzdWIiOi.SflKxwRJSM"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJSMeK", "[token removed]"),
    ],
)
def test_secrets_are_taken_out(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "val/acc 0.8412 at step 9,600",
        f"commit {HEX}",
        "tokens_per_second=123456.789",
        "KEY=aaaaaaaaaaaaaaaaaaaaaaaa",
        "the key is under the mat",
        "TOKEN=",
        "https://host:8080/path",
        "https://github.com/acme/retina/actions/runs/11873",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.25 GiB.",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_taking_out_twice_is_taking_out_once() -> None:
    once = redact(f"WANDB_API_KEY={HEX} PASSWORD=hunter2 X_TOKEN=q8Zr2Lw9Xk4Tn7Vb")
    assert redact(once) == once
    assert once.count("removed]") == 3


@pytest.mark.parametrize(
    "piece", ["a", "key", "-", "eyJ", "eyJ-", "://a:", "passwd=", "sk-", "key_a "]
)
def test_a_long_line_of_anything_is_read_in_linear_time(piece: str) -> None:
    """A pattern that backtracks over the whole line would run into the time limit of the test."""
    assert redact(piece * 100_000)
    first(piece * 100_000)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('GITHUB = "ghp_' + "a1B2" * 9 + '"', "GitHub token"),
        ('client = Anthropic(api_key="sk-ant-api03-abcdefghij")', "Anthropic key"),
        (f'wandb.login(key="x")  # api_key: {HEX}', "W&B key"),
        ("-----BEGIN PRIVATE KEY-----", "private key"),
        ('url = "https://me:hunter2@host/x"', "password"),
        ("password: 'hunter2'", "password"),
        ("MY_TOKEN=q8Zr2Lw9Xk4Tn7Vb", "key or token"),
        ('    "clientSecret": "q8Zr2Lw9Xk4Tn7Vb",', "key or token"),
    ],
)
def test_a_secret_in_a_file_is_told_by_its_line(line: str, kind: str) -> None:
    assert first(f"import torch\n\n{line}\npassword = 'another'\n") == (3, kind)


@pytest.mark.parametrize(
    "line",
    [
        "self.key_projection = nn.Linear(hidden_size, hidden_size)",
        "key_padding_mask = key_padding_mask.to(query.device)",
        "self.token_embedding = ResNet50EncoderConfig(vocabulary_size=50257)",
        'tokenizer: "facebook/wav2vec2-base-960h"',
        "password: str = getpass.getpass()",
        "login(password=arguments.password)",
        'url = f"https://{user}:{password}@{host}"',
        'headers = {"Authorization": f"Bearer {token_of_environment}"}',
        "The service asks for bearer authentication.",
        'wandb.login(key=os.environ["WANDB_API_KEY"])',
    ],
)
def test_ordinary_code_may_be_committed(line: str) -> None:
    assert first(line) is None
