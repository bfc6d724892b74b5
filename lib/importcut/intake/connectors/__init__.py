"""Online sources → raw answers kept as received, and exchange rates: UN Comtrade, Central Bank, statistics agency.

UN Comtrade has an official client, comtradeapicall; it hands over a frame in place of the answer, prints what goes
wrong, sends the key in the address and has the address written in, so requests is used. The other two have none.
"""

from importcut.intake.connectors.comtrade import fetch_trade
from importcut.intake.connectors.rates import fetch_rates
from importcut.intake.connectors.service import Service, service
from importcut.intake.connectors.siat import fetch_indicator
