-- Registrations as registrars look for them, filtered by any field, in the order that they choose; what else places lacked.

ALTER TABLE messages DROP CONSTRAINT messages_kind_is_known;
ALTER TABLE messages ADD CONSTRAINT messages_kind_is_known CHECK (kind IN
    ('invitation', 'sign_in', 'attendance_report', 'registration', 'letter', 'change_request'));

CREATE FUNCTION registrations_wanted(
    of_edition uuid, of_status text, of_mode text, of_category text, of_country text, of_delegation uuid, of_entity uuid,
    of_email text, of_external_id text, of_source text, of_language text, of_timezone text, of_consent text, of_line text,
    that_counts boolean, that_has_offer boolean, that_has_needs boolean, made_from timestamptz, made_before timestamptz,
    of_question text, of_answer text, of_words text, within_reach uuid[],
    in_order text, after_id uuid, after_name text, after_at timestamptz, at_most bigint
) RETURNS TABLE (id uuid, place bigint) LANGUAGE plpgsql STABLE ROWS 50 SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT page.id, row_number() OVER () FROM (SELECT r.id
    FROM registrations r JOIN persons p ON p.id = r.person_id
    WHERE r.edition_id = of_edition
      AND (of_status IS NULL OR r.status = of_status) AND (of_mode IS NULL OR r.mode = of_mode)
      AND (of_category IS NULL OR r.category = of_category) AND (of_country IS NULL OR r.country = of_country)
      AND (of_delegation IS NULL OR r.delegation_id = of_delegation) AND (of_entity IS NULL OR r.entity_id = of_entity)
      AND (of_email IS NULL OR lower(p.email) = lower(of_email))
      AND (of_external_id IS NULL OR r.external_id = of_external_id) AND (of_source IS NULL OR r.source = of_source)
      AND (of_language IS NULL OR r.language = of_language) AND (of_timezone IS NULL OR r.timezone = of_timezone)
      AND (of_consent IS NULL OR of_consent = ANY (r.consents)) AND (of_line IS NULL OR r.waits_for = of_line)
      AND (that_counts IS NULL OR r.counts_against_quota = that_counts)
      AND (that_has_offer IS NULL OR (r.offer_expires_at IS NOT NULL) = that_has_offer)
      AND (that_has_needs IS NULL OR (r.accessibility_needs IS NOT NULL) = that_has_needs)
      AND (made_from IS NULL OR r.created_at >= made_from) AND (made_before IS NULL OR r.created_at < made_before)
      AND (of_question IS NULL OR EXISTS (
          SELECT FROM answers a JOIN questions q ON q.edition_id = a.edition_id AND q.key = a.key
          WHERE a.edition_id = r.edition_id AND a.registration_id = r.id AND a.key = of_question
            AND (within_reach IS NULL OR NOT q.is_sensitive)
            AND (of_answer IS NULL OR a.value @> to_jsonb(of_answer) OR a.value #>> '{}' = of_answer)))
      AND (of_words IS NULL OR fold_text(concat_ws(' ', r.given_name, r.family_name, p.email))
                               LIKE ALL ((SELECT word_patterns(of_words))::text[]))
      AND (within_reach IS NULL OR r.delegation_id = ANY (within_reach))
      AND (after_id IS NULL OR CASE in_order
          WHEN '-created_at' THEN r.id < after_id
          WHEN 'family_name' THEN (fold_text(left(r.family_name, 40)), r.id) > (fold_text(after_name), after_id)
          WHEN '-family_name' THEN (fold_text(left(r.family_name, 40)), r.id) < (fold_text(after_name), after_id)
          WHEN 'status_changed_at' THEN (r.placed_at, r.id) > (after_at, after_id)
          WHEN '-status_changed_at' THEN (r.placed_at, r.id) < (after_at, after_id)
          ELSE r.id > after_id END)
    ORDER BY CASE in_order WHEN 'family_name' THEN fold_text(left(r.family_name, 40)) END,
             CASE in_order WHEN '-family_name' THEN fold_text(left(r.family_name, 40)) END DESC,
             CASE in_order WHEN 'status_changed_at' THEN r.placed_at END,
             CASE in_order WHEN '-status_changed_at' THEN r.placed_at END DESC,
             CASE WHEN in_order LIKE '-%' THEN r.id END DESC,
             CASE WHEN in_order NOT LIKE '-%' THEN r.id END
    LIMIT at_most) page;
END $$;
COMMENT ON FUNCTION registrations_wanted IS
    'One page of the registrations of an edition that all the filters let through (null: any), of some delegations (null: of all), and their order on it. It is planned each time, so filters that are not given cost nothing. Sensitive answers are found by who reads all of the edition only. Names are put in order by their first 40 characters.';
