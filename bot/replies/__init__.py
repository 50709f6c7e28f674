"""What the bot can say: one frozen dataclass per template."""

from bot.replies.answers import Help, Manual, Noted, Problem, Trouble
from bot.replies.asking import Asked, Budget, DryRun, Plan, Quote
from bot.replies.board import ArmRow, Comparison, Contest, Figures, Leaderboard, Unlike
from bot.replies.ideas import (
    Alternative,
    IdeaBody,
    Judging,
    NothingWritten,
    Opened,
    PullBody,
    Ready,
    Sight,
    Thanks,
    Writing,
)
from bot.replies.merging import (
    Merged,
    MergeMessage,
    NotConfirmed,
    OpenPull,
    Released,
    ReleaseNotes,
)
from bot.replies.report import Earlier, Option, Rank, Report, Stale, Times
from bot.replies.status import (
    AttemptRuns,
    ListedRun,
    QueuedRow,
    QueueReport,
    Queues,
    Runs,
    Status,
    StatusRow,
)
from bot.replies.training import AlreadyLaunched, Closed, FailureReport, Fixed, Launched, Progress

__all__ = [
    "AlreadyLaunched",
    "Alternative",
    "ArmRow",
    "Asked",
    "AttemptRuns",
    "Budget",
    "Closed",
    "Comparison",
    "Contest",
    "DryRun",
    "Earlier",
    "FailureReport",
    "Figures",
    "Fixed",
    "Help",
    "IdeaBody",
    "Judging",
    "Launched",
    "Leaderboard",
    "ListedRun",
    "Manual",
    "MergeMessage",
    "Merged",
    "NotConfirmed",
    "Noted",
    "NothingWritten",
    "OpenPull",
    "Opened",
    "Option",
    "Plan",
    "Problem",
    "Progress",
    "PullBody",
    "QueueReport",
    "QueuedRow",
    "Queues",
    "Quote",
    "Rank",
    "Ready",
    "ReleaseNotes",
    "Released",
    "Reply",
    "Report",
    "Runs",
    "Sight",
    "Stale",
    "Status",
    "StatusRow",
    "Thanks",
    "Times",
    "Trouble",
    "Unlike",
    "Writing",
]

Reply = (
    Problem
    | Trouble
    | Help
    | Manual
    | Noted
    | DryRun
    | Asked
    | Quote
    | IdeaBody
    | Opened
    | Thanks
    | Writing
    | Ready
    | PullBody
    | Launched
    | AlreadyLaunched
    | Progress
    | Report
    | FailureReport
    | Closed
    | Fixed
    | NotConfirmed
    | Merged
    | MergeMessage
    | ReleaseNotes
    | Released
    | Stale
    | Status
    | Queues
    | Comparison
    | Figures
    | Leaderboard
    | Runs
    | Budget
    | NothingWritten
)
