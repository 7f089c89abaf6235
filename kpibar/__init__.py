"""kpibar: helpdesk, telephony, shop, carrier and survey exports in, an auditable yearly barometer out."""

__version__ = "0.1.0"
