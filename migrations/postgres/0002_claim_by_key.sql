-- A visitor's claim is found by the key of visitors, whatever a plan was made for.

-- The code first: with the drop first it looks, to a plan that was made while the table was small, as good for finding a
-- visitor as the key does, and reads all claims of the drop.
ALTER TABLE drop_claims
  DROP CONSTRAINT drop_claims_code,
  ADD CONSTRAINT drop_claims_code UNIQUE (code, drop_id);

-- A visitor's claim, always found by the key. A plan that was made while the table was small reads all of it, and is kept by
-- its connection for as long as nobody analyzes the table: through the minute in which a large drop opens.
CREATE FUNCTION drop_claim_of(wanted_drop text, wanted_user text)
RETURNS TABLE (code text, claimed_at_ms bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off
AS $$
BEGIN
  RETURN QUERY
    SELECT claim.code, claim.claimed_at_ms FROM drop_claims AS claim
    WHERE claim.drop_id = wanted_drop AND claim.user_id = wanted_user;
END
$$;
