-- Nothing else is hidden where no count is and nobody has written counts of families beside the rows of a form.
SELECT EXISTS (FROM whole.core.suppressed)
    OR EXISTS (FROM whole.quality.unread AS t WHERE t.reason <> 'cover' AND t.form IN (
               SELECT form FROM whole.mart.dictionary WHERE kind = 'measure' AND disclosure = 'protected'))
