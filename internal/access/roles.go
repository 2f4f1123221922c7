package access

import "github.com/orgd/orgd/internal/tenant"

// roles is the one table of who may do what. Membership roles act within their own organization; roleAccount is any
// member's right over the own account; what is not here is denied.
var roles = map[tenant.Role]map[Action]bool{
	roleAnonymous: allow(PasswordReset),
	tenant.RoleOwner: allow(OrgRead, OrgReadMember, OrgUpdate, OrgDelete, DocRead, DocWrite, AuditRead,
		AccountRead, AccountUpdate),
	roleAccount: allow(OrgList, AccountRead, AccountUpdate, PasswordReset),
	roleOperator: allow(OrgCreate, OrgRead, OrgReadMember, OrgList, OrgDelete, OrgRestore, OrgUpdate, AuditRead,
		AccountRead, AccountUpdate, PasswordReset),
	roleConsole: allow(OrgCreate, OrgAdopt, OrgRead, OrgReadMember, OrgList, OrgRestore, AuditRead, OperatorAdd,
		KeyRotate, KeyRevoke, KeyRenew, KeyList, ResetLink, Backup, InstallationMigrate),
	roleSystem: allow(OrgPurge, KeyRotate),
}

func allow(actions ...Action) map[Action]bool {
	set := make(map[Action]bool, len(actions))
	for _, a := range actions {
		set[a] = true
	}
	return set
}
