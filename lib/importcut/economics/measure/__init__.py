"""Panel → prices at constant mix, profile by purpose, and the bridge between any two periods."""

from importcut.economics.indices import concentration, fisher, hidiroglou_berthelot, lmdi
from importcut.economics.measure.decomposition import bridge, bridges
from importcut.economics.measure.prices import mix_constant_prices, price_components, rate_index
from importcut.economics.measure.purposes import profile
from importcut.economics.measure.steps import comparisons, same_season
