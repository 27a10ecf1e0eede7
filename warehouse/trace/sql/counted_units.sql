SELECT submission, org_code FROM core.measure WHERE measure = ? AND state = 'value'  -- a unit has one row in a form of units
