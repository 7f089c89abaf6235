"""The columns of the fact tables, which the expressions of own KPIs may name."""

from collections.abc import Mapping

_COLUMNS = {
    "contacts": """
        contact_uid source contact_id grain channel brand country lang queue team agent created_at created_on as_of
        as_of_on brand_as_of_on counted reason reason_by classified wismo complaint order_id linked_by linked
        promised_to before_promise_end promise_stage order_late carrier person_key issue_key
        journey_key identified previous_at next_at gap_previous_s gap_next_s journey_gap_previous_s
        journey_gap_next_s issue_reason certain_gap_previous_s certain_gap_next_s possible_gap_previous_s
        possible_gap_next_s channel_unknown in_writing offered
        queue_unknown answered abandoned short_abandon wait_s answer_column abandon_column wait_column handled
        reply_expected first_reply_s replied bot_resolved bot_answer bot_failure reply_target_s age_s status
        solved still_solved solution_column solution_unknown resolution_s reopens_known reopens_unknown reopened
        transfers_known transfers_unknown transferred agent_replies customer_messages bot_involved
    """,
    "issues": """
        issue_id first_contact_uid opened_at opened_on as_of_on channel brand country reason carrier lang queue
        team agent order_id first_handled first_bot_failure gap_next_s certain_gap_next_s possible_gap_next_s contacts
    """,
    "journeys": """
        journey_id first_contact_uid opened_at opened_on as_of_on channel brand country reason carrier lang
        queue team agent order_id first_handled first_bot_failure gap_next_s contacts
    """,
    "orders": """
        order_id order_ref order_key order_number number_key person_key ordered_at ordered_on cancelled value
        currency brand country n_parcels carrier mode shipped_at promised_from promised_to promised_on
        promise_kind first_attempt_at first_attempt_on attempts delivered_at delivered_on returned_at as_of
        as_of_on returned lost promised due late overdue undated promise_false status_unknown lateness_s
        lead_s lead_unknown slot_promised slot_kept slot_unknown attempted first_attempt_kept
        age_s overdue_s
    """,
    "order_contacts": """
        order_id ordered_on brand country carrier contacts wismo_contacts
    """,
    "surveys": """
        survey_uid source kind brand country channel reason lang queue team agent sent_at sent_on
        answered_at answered_on as_of as_of_on score invitations_known reminder answered_in_time contact_counted
        answered before_contact kind_unknown rated scale_unknown recommended nps_scale_unknown satisfied promoter
        detractor
    """,
}
_IDENTIFIERS = """
    contact_uid contact_id order_id order_ref order_key order_number number_key person_key issue_key journey_key
    issue_id journey_id first_contact_uid survey_uid
"""
FACTS: Mapping[str, frozenset[str]] = {table: frozenset(names.split()) for table, names in _COLUMNS.items()}
# The column that names the agents, who are persons: it is read where `[reporting] agents` allows it.
AGENT = "agent"
# Columns that tell one record or one person from another: figures are not broken down by them.
IDENTIFIERS = frozenset(_IDENTIFIERS.split())
