"""Every metric of Henvend, with its meaning; names outside this list do not type-check."""

from typing import Literal

CounterName = Literal[
    "henvend_events_handled_total",  # records handled without failure, by type
    "henvend_events_repeated_total",  # records seen before, effects published again
    "henvend_events_dead_lettered_total",  # records given up, by reason
    "henvend_events_retried_total",  # attempts that waited for a dependency
    "henvend_events_published_total",  # records the broker acknowledged, by type
    "henvend_broker_changes_total",  # times another cluster answered than before
    "henvend_mails_accepted_total",  # mails answered with 250
    "henvend_mails_refused_total",  # mails refused, by reason
    "henvend_mails_sent_total",  # mails handed to the outgoing server
    "henvend_inquiries_classified_total",  # by verdict and language
    "henvend_cases_opened_total",  # by department and reason
    "henvend_cases_moved_total",  # by department left
    "henvend_categories_stopped_total",  # promise broken, automatic routing stopped, by category
    "henvend_questions_answered_total",  # by verdict and language
    "henvend_leaves_appended_total",  # trail entries
]
GaugeName = Literal[
    "henvend_outbox_waiting",  # events not yet confirmed by the trail
    "henvend_broker_connected",  # 1 when the broker answered within the last seconds
    "henvend_consumer_stopped",  # 1 when too many bugs in a row stopped consumption
    "henvend_intake_waiting",  # inquiries whose case is not open yet
    "henvend_articles_overdue",  # published texts past their review date: they no longer answer
    "henvend_trail_size",  # leaves in the signed tree
    "henvend_trail_unexplained",  # in - (opened + answered + dead-lettered)
    "henvend_energy_watt_hours",  # per 1,000 inquiries read since the start, estimated
    "henvend_live_precision",  # share of routed cases staff left where they were, by department
    "henvend_live_coverage",  # share of cases routed without manual sorting, by department
    "henvend_live_drift",  # population stability index, by sign
    "henvend_live_alerts",  # open alerts of the monitor, by level
]
HistogramName = Literal[
    "henvend_handling_seconds",  # per record, by type
    "henvend_classify_seconds",  # per inquiry
    "henvend_answer_seconds",  # per chat question
    "henvend_checkpoint_seconds",  # from commit to signed checkpoint
]
