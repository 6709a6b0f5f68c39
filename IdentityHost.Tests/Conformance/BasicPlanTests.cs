namespace IdentityHost.Tests.Conformance;

/// <summary><c>oidcc-basic-certification-test-plan</c>, first half.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Basic OP")]
public sealed class BasicPlanTokenTests(ConformanceHost host) : BasicTokenModules(host, responseMode: null);

/// <summary><c>oidcc-basic-certification-test-plan</c>, second half.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Basic OP")]
public sealed class BasicPlanRequestTests(ConformanceHost host) : BasicRequestModules(host, responseMode: null);

/// <summary><c>oidcc-formpost-basic-certification-test-plan</c>: the same modules, answered by a form. First half.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Form Post OP")]
public sealed class FormPostBasicPlanTokenTests(ConformanceHost host) : BasicTokenModules(host, responseMode: "form_post");

/// <summary><c>oidcc-formpost-basic-certification-test-plan</c>, second half.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Form Post OP")]
public sealed class FormPostBasicPlanRequestTests(ConformanceHost host) : BasicRequestModules(host, responseMode: "form_post");
