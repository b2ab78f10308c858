/* rows: a complete small register of invented vendors, for the tests of the registry and of the
 * verdict. Its deliberate defects: c-05 has ended, c-03 is past its review, magpiescribe and
 * hopdesk have no contract, wattlemail and hopdesk no basis, hop-relay allows every country. */
#ifndef EXEAT_TESTS_REGISTRY_ROWS_H
#define EXEAT_TESTS_REGISTRY_ROWS_H

#define PRACTICE_CSV                                                                               \
	"key,value\n"                                                                              \
	"practice_name,Nullawarra Family Practice\n"                                               \
	"state,NSW\n"                                                                              \
	"privacy_officer,Practice manager\n"                                                       \
	"internal_nets,192.168.20.0/24|2001:db8:20::/48\n"                                         \
	"guest_nets,192.168.40.0/24\n"                                                             \
	"voip_nets,none\n"                                                                         \
	"capture_authorised_by,Practice principal\n"                                               \
	"capture_authorised_on,2026-11-02\n"                                                       \
	"policy_countries,none\n"                                                                  \
	"timezone,Australia/Sydney\n"                                                              \
	"retention_days_summary,400\n"

#define PROGRAMS_CSV                                                                               \
	"program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,update_owner,"     \
	"cadence_days,via_program,hours,update_method\n"                                           \
	"quollextract,Quoll Extract,Quoll Analytics Pty Ltd,extract,approved,practice manager,"    \
	"sni:*.quoll.example|port:tcp/443,yes,vendor-auto,30,,,auto\n"                             \
	"bookaroo,Bookaroo,Bookaroo Health Pty Ltd,booking,approved,reception lead,"               \
	"sni:api.bookaroo.example,yes,vendor-auto,30,none,,\n"                                     \
	"scriptbridge,ScriptBridge,ScriptBridge Ltd,eprescribe,approved,principal GP,"             \
	"sni:px.scriptbridge.example,no,it-contractor,90,,,bundled-with:bookaroo\n"                \
	"wattlemail,WattleMail,Wattle Messaging Pty Ltd,secure-msg,approved,nurse manager,"        \
	"dns:*.wattlemail.example|port:tcp/2575,no,it-contractor,120,,,\n"                         \
	"pingpath,PingPath Recalls,PingPath Inc,recall-sms,approved,nurse manager,"                \
	"sni:sms.pingpath.example,yes,vendor-auto,60,,,\n"                                         \
	"magpiescribe,Magpie Scribe,Magpie AI Pty Ltd,ai-scribe,trial,Dr A,"                       \
	"sni:*.magpiescribe.example,no,vendor-auto,14,,,\n"                                        \
	"wombatvault,WombatVault,Wombat Backup Pty Ltd,backup,approved,IT contractor,"             \
	"sni:*.wombatvault.example|port:tcp/8443,yes,it-contractor,60,,18:00-06:00,\n"             \
	"hopdesk,HopDesk,HopDesk GmbH,remote,approved,IT contractor,"                              \
	"sni:*.relay.hopdesk.example|port:tcp/7070,no,it-contractor,45,,,\n"

#define DESTINATIONS_CSV                                                                           \
	"dest_id,program_id,recipient,recipient_country,role,match,allowed_countries,"             \
	"storage_country,storage_state,overseas_access,min_tls,source\n"                           \
	"quoll-api,quollextract,Quoll Analytics Pty Ltd,AU,processor,sni:up.quoll.example,AU,AU,"  \
	"VIC,no,1.2,vendor letter 2025-06\n"                                                       \
	"bookaroo-api,bookaroo,Bookaroo Health Pty Ltd,AU,processor,sni:api.bookaroo.example,AU,"  \
	"AU,NSW,unknown,1.2,vendor web page\n"                                                     \
	"script-px,scriptbridge,ScriptBridge Ltd,AU,independent,sni:px.scriptbridge.example,AU,"   \
	"AU,,no,1.2,install guide\n"                                                               \
	"wattle-mx,wattlemail,Wattle Messaging Pty Ltd,AU,processor,dns:*.wattlemail.example,AU,"  \
	"AU,,no,1.2,install guide\n"                                                               \
	"ping-sms,pingpath,PingPath Inc,US,processor,sni:sms.pingpath.example,US,US,,yes,1.2,"     \
	"portal terms\n"                                                                           \
	"magpie-api,magpiescribe,Magpie AI Pty Ltd,AU,processor,sni:*.magpiescribe.example,AU,AU," \
	",unknown,1.3,sales e-mail\n"                                                              \
	"wombat-store,wombatvault,Wombat Backup Pty Ltd,AU,processor,sni:*.wombatvault.example,"   \
	"AU|NZ,AU,,no,1.2,contract schedule 2\n"                                                   \
	"hop-relay,hopdesk,HopDesk GmbH,DE,processor,sni:*.relay.hopdesk.example,*,,,yes,1.2,"     \
	"vendor KB\n"

#define CONTRACTS_CSV                                                                              \
	"contract_id,recipient,program_ids,type,signed,start,end,review_by,categories,purposes,"   \
	"countries,deid_promised,doc_ref,breach_notice_hours\n"                                    \
	"c-01,Quoll Analytics Pty Ltd,quollextract,data-sharing,2025-06-20,2025-07-01,2027-06-30," \
	"2026-12-01,deidentified,qi-shared|planning,AU,yes,Contracts/Quoll-2025.pdf,72\n"          \
	"c-02,Bookaroo Health Pty Ltd,bookaroo,agreement,2024-03-04,2024-04-01,,2027-03-01,"       \
	"contact|appointment,care-admin,AU,no,Contracts/Bookaroo.pdf,\n"                           \
	"c-03,ScriptBridge Ltd,scriptbridge,government-terms,,2023-10-01,,2026-10-01,"             \
	"contact|identifiers|medication,care,AU,no,portal,\n"                                      \
	"c-04,Wattle Messaging Pty Ltd,wattlemail,agreement,2022-08-15,2022-09-01,,2027-01-31,"    \
	"letters|results,care,AU,no,drawer 2,\n"                                                   \
	"c-05,PingPath Inc,pingpath,click-through,,2023-02-01,2026-01-31,,contact|appointment,"    \
	"care-admin,US,no,vendor portal,\n"                                                        \
	"c-06,Wombat Backup Pty Ltd,wombatvault,agreement,2025-01-10,2025-02-01,2028-01-31,"       \
	"2027-10-01,full-db,backup,AU|NZ,no,Contracts/Wombat.pdf,\n"

#define BASIS_CSV                                                                                  \
	"basis_id,program_id,recipient,purpose,categories,basis,overseas_basis,evidence_ref,from," \
	"to,approved_by\n"                                                                         \
	"b-01,quollextract,Quoll Analytics Pty Ltd,qi-shared,deidentified,deidentified,"           \
	"none-needed,Waiting-room notice v4 + opt-out form,2025-07-01,,privacy officer\n"          \
	"b-02,bookaroo,Bookaroo Health Pty Ltd,care-admin,contact|appointment,"                    \
	"directly-related-expected,none-needed,Privacy policy v7 s3,2024-04-01,,privacy officer\n" \
	"b-03,scriptbridge,ScriptBridge Ltd,care,contact|identifiers|medication,primary-purpose,"  \
	"none-needed,Privacy policy v7 s2,2023-10-01,,principal GP\n"                              \
	"b-05,pingpath,PingPath Inc,care-admin,contact|appointment,directly-related-expected,"     \
	"reasonable-steps-contract,Privacy policy v7 s5,2023-02-01,,privacy officer\n"             \
	"b-06,magpiescribe,Magpie AI Pty Ltd,care,audio|clinical,consent-per-visit,unknown,"       \
	"Scribe consent script v2,2026-03-01,2026-12-31,privacy officer\n"                         \
	"b-07,wombatvault,Wombat Backup Pty Ltd,backup,full-db,practice-internal-use,"             \
	"reasonable-steps-contract,IT policy v3,2025-02-01,,privacy officer\n"

#define EXCEPTIONS_CSV                                                                             \
	"flag,program_id,dest_id,reason,accepted_by,from,until\n"                                  \
	"no-contract,magpiescribe,,trial ends soon,practice principal,2026-10-01,2026-12-31\n"

#endif
