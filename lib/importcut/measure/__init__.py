"""Panel → prices at constant mix, profile by purpose, and the bridge between any two periods."""

from importcut.indices import concentration, fisher, hidiroglou_berthelot, lmdi
from importcut.measure.decomposition import bridge, bridges
from importcut.measure.prices import mix_constant_prices, price_components, rate_index
from importcut.measure.purposes import profile
from importcut.measure.steps import comparisons, same_season
