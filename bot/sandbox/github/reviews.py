"""Reviews of pull requests."""

from typing import Any

from bot.sandbox.github.call import Answer, Call, Refused, Routes, invalid
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.pulls import PULL
from bot.sandbox.github.shapes import pulls
from bot.sandbox.github.state import Review, Role

routes = Routes()
REVIEWS = PULL + "/reviews"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@routes("GET", REVIEWS)
def list_reviews(call: Call) -> Answer:
    """The reviews of a pull request, oldest first."""
    call.need(Role.READ, "pull-requests")
    return call.page(call.pull.reviews, lambda review: pulls.review(review, call.pull))


@routes("POST", REVIEWS)
def create_review(call: Call) -> Any:
    """Review a pull request; nobody approves their own."""
    pull, event = call.pull, call.text("event", "")
    call.need_grant("pull-requests")
    if event not in STATES:
        raise invalid("PullRequestReview", "event", "invalid")
    allowed = call.repository.actions_can_create_pull_requests
    if event == "APPROVE" and call.actor.is_job and not allowed:
        message = "GitHub Actions is not permitted to approve pull requests."
        raise Refused(422, "Unprocessable Entity", [message])
    if event != "COMMENT" and pull.author is call.user:
        what = "approve" if event == "APPROVE" else "request changes on"
        raise Refused(422, "Unprocessable Entity", [f"Can not {what} your own pull request"])
    review = Review(
        id=call.site.next_id(),
        author=call.user,
        body=call.text("body", ""),
        state=STATES[event],
        commit_id=call.text("commit_id", pull.head_sha),
    )
    pull.reviews.append(call.site.keep(review))
    shown = pulls.review(review, pull)
    content = {"review": {**shown, "state": shown["state"].lower()}}
    emit(
        call.site,
        call.repository,
        call.actor,
        "pull_request_review",
        action="submitted",
        **content,
        pull_request=pulls.pull(pull),
    )
    return shown
