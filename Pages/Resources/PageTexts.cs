namespace Pages.Resources;

/// <summary>Names the resource files beside it: PageTexts.resx (English) and PageTexts.id.resx (Indonesian).</summary>
internal sealed class PageTexts;
