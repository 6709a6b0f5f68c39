# syntax=docker/dockerfile:1
# The host in a small image: built with the SDK, run on the ASP.NET Core runtime as an ordinary user.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
# amd64 or arm64, given by the builder; ready-to-run code is made for it.
ARG TARGETARCH
WORKDIR /src

# Project and lock files first: the packages are restored again only when these change.
COPY global.json Directory.Build.props Directory.Packages.props IdentityHost.csproj packages.lock.json ./
COPY IdentityHost.ResourceServer/IdentityHost.ResourceServer.csproj IdentityHost.ResourceServer/packages.lock.json IdentityHost.ResourceServer/
RUN dotnet restore IdentityHost.csproj --locked-mode

COPY . .
# A runtime identifier and ready-to-run add to what the lock file tells, so this restore extends the copy in this layer.
RUN dotnet publish IdentityHost.csproj -c Release -a "${TARGETARCH:-amd64}" --self-contained false \
      -p:PublishReadyToRun=true -p:RestoreLockedMode=false -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# For the health check only.
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app .
ENV ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_EnableDiagnostics=0
EXPOSE 8080
# The image's own unprivileged user.
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://localhost:8080/health/live"]
ENTRYPOINT ["dotnet", "IdentityHost.dll"]
