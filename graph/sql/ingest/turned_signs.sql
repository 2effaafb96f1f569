-- Codes (the payer that the books state) whose rows turn from one sign to the other on one day, and
-- whose payees do so, too: the file's rows, with the source's of the EARLIER days before them. A turn
-- before the file's first day was told when that day's file came.
WITH span AS (
    SELECT min(occurred_at) AS first FROM incoming
), known AS (
    SELECT external_id, posting, party_name, amount, (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM raw_events
    WHERE user_id = %(user_id)s AND source = %(source)s
        AND occurred_at >= (SELECT first FROM span) - make_interval(days => %(earlier)s)
        AND occurred_at < (SELECT first FROM span)
), paid AS (
    SELECT payer_name AS code, payee_name AS party, amount,
        (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM incoming
    WHERE amount <> 0
    UNION ALL
    SELECT payer.party_name, payee.party_name, payee.amount, payee.day
    FROM known AS payee
    JOIN known AS payer ON payer.external_id = payee.external_id AND payer.posting = 1
    WHERE payee.posting = 2 AND payee.amount <> 0
), days AS (
    SELECT code, day, sum(sign(amount)) AS step FROM paid GROUP BY code, day
), sums AS (
    SELECT code, day, sum(step) OVER (PARTITION BY code ORDER BY day) AS until FROM days
), turns AS (
    SELECT DISTINCT ON (code) code, day AS done, sign(until) AS sign
    FROM sums
    ORDER BY code, abs(until) DESC, day
), parties AS (
    SELECT
        paid.code, party, turns.sign, turns.done,
        count(*) FILTER (WHERE day <= done) AS before,
        count(*) FILTER (WHERE day > done) AS since,
        count(*) FILTER (WHERE sign(amount) = turns.sign AND day <= done) AS before_so,
        count(*) FILTER (WHERE sign(amount) = -turns.sign AND day > done) AS since_so,
        min(day) FILTER (WHERE day > done) AS begins
    FROM paid
    JOIN turns USING (code)
    GROUP BY paid.code, party, turns.sign, turns.done
)
SELECT
    code, sign > 0, min(begins),
    count(*) FILTER (WHERE before > 0 AND since > 0 AND before_so = before AND since_so = since)
FROM parties
GROUP BY code, sign
HAVING min(begins) >= (SELECT (first AT TIME ZONE 'UTC')::date FROM span)
    AND sum(before_so) >= %(share)s * sum(before) AND sum(since_so) >= %(share)s * sum(since)
    AND least(sum(before), sum(since)) >= %(rows)s
    AND count(*) FILTER (WHERE before > 0 AND since > 0 AND before_so = before AND since_so = since)
        >= greatest(
            %(parties)s, %(share)s * count(*) FILTER (WHERE before > 0 AND since > 0)
        )
ORDER BY code
