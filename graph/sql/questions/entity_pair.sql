-- What an entity deals with one other (entity_dealt.sql): a row a direction and currency.
SELECT
    dealt.direction, dealt.currency, count(*) AS relationships,
    sum(dealt.amount)::numeric(20, 4) AS amount
FROM dealt
WHERE dealt.other = %(other)s
GROUP BY dealt.direction, dealt.currency
ORDER BY count(*) DESC, dealt.direction, dealt.currency
