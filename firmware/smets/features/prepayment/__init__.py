# Prepayment: money of an electricity meter, its supply, and what a PPMID may do to them.
# Amounts are thousandths of a penny (10**-5 pounds), as GBCS and PriceTrailingDigit 5 have them.
