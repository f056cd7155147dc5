-- Signing keys, personal tokens, revocations, replays, audit, and what each replica reports of its proxies.

create table authplane.signing_key (
  kid                text primary key check (length(kid) between 1 and 128),
  use                text not null check (use in ('jwt', 'macaroon')),
  algorithm          text not null check (algorithm in ('ES256', 'RS256', 'EdDSA', 'HMAC-SHA256')),
  state              text not null check (state in ('pending', 'active', 'retiring', 'retired', 'compromised')),
  public_jwk         jsonb,
  private_ciphertext bytea,
  wrapped_data_key   bytea,
  kek_id             text,
  created_at         timestamptz not null,
  activated_at       timestamptz,
  rotate_after       timestamptz,
  retiring_at        timestamptz,
  verify_until       timestamptz,
  ended_at           timestamptz,
  check ((use = 'macaroon') = (algorithm = 'HMAC-SHA256')),
  check ((use = 'macaroon') = (public_jwk is null)),
  check ((state in ('retired', 'compromised')) = (private_ciphertext is null)),
  check ((private_ciphertext is null) = (wrapped_data_key is null)),
  check ((private_ciphertext is null) = (kek_id is null)),
  check ((state in ('retired', 'compromised')) = (ended_at is not null)),
  check (state <> 'active' or (activated_at is not null and rotate_after is not null)),
  check (state <> 'retiring' or (retiring_at is not null and verify_until is not null))
);
create unique index one_active_signing_key on authplane.signing_key (use, algorithm) where state = 'active';
create unique index one_pending_signing_key on authplane.signing_key (use, algorithm) where state = 'pending';

-- The last line of defence: whatever the program does, a key never goes back, and none signs before it was published.
create function authplane.guard_signing_key() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' then
      raise exception 'a signing key begins as pending, not as %', new.state;
    end if;
    return new;
  end if;
  if new.kid is distinct from old.kid or new.use is distinct from old.use or new.algorithm is distinct from old.algorithm
     or new.public_jwk is distinct from old.public_jwk or new.created_at is distinct from old.created_at then
    raise exception 'a signing key does not change: %', old.kid;
  end if;
  if new.state is distinct from old.state and not (
       (old.state = 'pending' and new.state in ('active', 'retired', 'compromised'))
    or (old.state = 'active' and new.state in ('retiring', 'compromised'))
    or (old.state = 'retiring' and new.state in ('retired', 'compromised'))) then
    raise exception 'illegal change of signing key %: % to %', old.kid, old.state, new.state;
  end if;
  return new;
end $$;
create trigger guard_signing_key before insert or update on authplane.signing_key
  for each row execute function authplane.guard_signing_key();

-- Only hashes: who reads the table cannot use a token.
create table authplane.personal_token (
  id         text primary key,
  hash       bytea not null unique check (length(hash) = 32),
  subject    text not null check (subject <> ''),
  name       text not null,
  scopes     text[] not null,
  audiences  text[] not null,
  claims     jsonb not null default '{}',
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index personal_token_subject on authplane.personal_token (subject);

-- Rows are kept until nothing that they refuse can still be valid.
create table authplane.revocation (
  kind          text not null check (kind in ('jti', 'subject', 'client', 'macaroon')),
  value         text not null check (value <> ''),
  client_id     text,
  issued_before timestamptz not null,
  reason        text not null,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  primary key (kind, value)
);
create index revocation_expires on authplane.revocation (expires_at);

-- What counts once: ids of client assertions.
create table authplane.replay (
  scope      text not null,
  id         text not null,
  expires_at timestamptz not null,
  primary key (scope, id)
);
create index replay_expires on authplane.replay (expires_at);

create table authplane.audit (
  seq           bigint primary key check (seq > 0),
  at            timestamptz not null,
  actor         text not null,
  action        text not null,
  object        text not null,
  detail        text not null,
  previous_hash bytea not null check (length(previous_hash) = 32),
  hash          bytea not null unique check (length(hash) = 32)
);
create function authplane.append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is append-only';
end $$;
create trigger audit_append_only before update or delete or truncate on authplane.audit
  for each statement execute function authplane.append_only();

create table authplane.replica (
  id         text primary key,
  seen_at    timestamptz not null,
  stopped    boolean not null default false,
  held_up    jsonb not null,
  proxies    jsonb not null
);

create function authplane.notify_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('authplane_tokens', tg_table_name);
  return null;
end $$;
create trigger notify_signing_key after insert or update on authplane.signing_key
  for each statement execute function authplane.notify_change();
create trigger notify_revocation after insert or update on authplane.revocation
  for each statement execute function authplane.notify_change();
create trigger notify_personal_token after update on authplane.personal_token
  for each statement execute function authplane.notify_change();
