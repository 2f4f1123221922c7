package api

// AdminLogin signs a member in, in the form of the seed service.
type AdminLogin struct {
	Email    string `json:"email" example:"ada@acme.example"`
	Password string `json:"password" example:"correct horse battery"`
}

// Login signs a member or an operator in.
type Login struct {
	Email    string  `json:"email" example:"ada@acme.example"`
	Password string  `json:"password" example:"correct horse battery"`
	As       *string `json:"as,omitempty" enum:"member,operator" doc:"Operators are accounts of their own. Default: member." example:"member"`
}

// Token is what a login answers with.
type Token struct {
	AccessToken string `json:"access_token" doc:"For the header Authorization: Bearer."`
	TokenType   string `json:"token_type" example:"bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"In seconds." example:"3600"`
	AdminID     string `json:"admin_id,omitempty" doc:"The member's id."`
	OrgName     string `json:"org_name,omitempty" doc:"The member's organization." example:"Acme Corp"`
	OrgID       string `json:"org_id,omitempty" doc:"The id of the member's organization."`
	OperatorID  string `json:"operator_id,omitempty" doc:"The operator's id."`
}

// PasswordReset sets a new password with the one-time token of a reset link.
type PasswordReset struct {
	Token    string `json:"token" doc:"From the link."`
	Password string `json:"password" doc:"The new password: 8 characters to 72 bytes, and none of the commonest."`
}
