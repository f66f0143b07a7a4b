-- what was under way goes out from the original: paused, though mail servers come back
UPDATE mailing_mailing
   SET is_paused = TRUE, paused_by_id = NULL, mass_email_status = 'paused'
 WHERE delivery_mode = 'portions' AND state IN ('in_queue', 'sending');

-- links of letters that are tried out lead here
DELETE FROM ir_config_parameter
 WHERE key = 'mass_mailing_campaign.public_url';
