package access

import "github.com/orgd/orgd/internal/tenant"

// Action is something that a caller may or may not do. The words stand in the audit log.
type Action string

// Actions on one organization.
const (
	OrgCreate     Action = "organization.create"
	OrgRead       Action = "organization.read"
	OrgReadMember Action = "organization.read_details"
	OrgUpdate     Action = "organization.update"
	OrgDelete     Action = "organization.delete"
	OrgRestore    Action = "organization.restore"
	OrgPurge      Action = "organization.purge"
	OrgAdopt      Action = "organization.adopt"
	DocRead       Action = "documents.read"
	DocWrite      Action = "documents.write"
	AuditRead     Action = "audit.read"
)

// Actions on the installation and on accounts.
const (
	OrgList       Action = "organizations.list"
	OperatorAdd   Action = "operator.add"
	KeyRotate     Action = "key.rotate"
	KeyRevoke     Action = "key.revoke"
	KeyRenew      Action = "key.renew"
	KeyList       Action = "key.list"
	ResetLink     Action = "user.reset_link"
	PasswordReset Action = "user.password_reset"
	AccountRead   Action = "account.read"
	AccountUpdate Action = "account.update"
	Backup        Action = "installation.backup"
	// InstallationMigrate moves everything to another store.
	InstallationMigrate Action = "installation.migrate"
)

// Roles beside those of memberships.
const (
	roleAnonymous tenant.Role = "anonymous"
	roleOperator  tenant.Role = "operator"
	roleConsole   tenant.Role = "console"
	roleSystem    tenant.Role = "system"
	// roleAccount is any signed-in member towards the own account and the installation.
	roleAccount tenant.Role = "account"
)
